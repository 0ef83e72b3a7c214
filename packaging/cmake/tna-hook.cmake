# SPDX-License-Identifier: Apache-2.0
# tna_hook(NAME SOURCE): compiles a hook's SOURCE to hooks/NAME.o in the build folder; its target is hook_NAME.
find_program(TNA_CLANG NAMES clang clang-16 clang-15 clang-17 clang-18 clang-19 REQUIRED)

function(tna_hook name source)
  set(object ${CMAKE_BINARY_DIR}/hooks/${name}.o)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/hooks)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${TNA_CLANG} -target bpf -mcpu=v3 -g -O2 -Wall
            -I${TNA_INCLUDE_DIR} -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -c ${source} -o ${object}
    DEPENDS ${source}
    VERBATIM)
  add_custom_target(hook_${name} ALL DEPENDS ${object})
endfunction()
