# SPDX-License-Identifier: Apache-2.0
# Tests and benchmark. Unit tests need nothing; the others need root (they make network namespaces).
find_package(GTest REQUIRED)
include(GoogleTest)

file(GLOB UNIT_TESTS CONFIGURE_DEPENDS tests/unit/*.cpp)
add_executable(test_unit ${UNIT_TESTS})
target_link_libraries(test_unit PRIVATE tna_daemon tna_cli tna-app GTest::gtest_main)
target_include_directories(test_unit PRIVATE tests)
target_compile_definitions(test_unit PRIVATE TNA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
gtest_discover_tests(test_unit TEST_PREFIX unit. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60)

# Rule trees run by themselves: for their test and the benchmark.
tna_bpf_object(rule_tree ${CMAKE_SOURCE_DIR}/tests/rule_tree.bpf.c)
add_library(tna_rule_tree STATIC tests/rule_tree_program.cpp ${CMAKE_BINARY_DIR}/bpf/rule_tree.cpp)
target_link_libraries(tna_rule_tree PUBLIC tna_compile PkgConfig::BPF)
target_include_directories(tna_rule_tree PUBLIC tests)

file(GLOB FPM_TESTS CONFIGURE_DEPENDS tests/fpm/*.cpp)
add_executable(test_fpm ${FPM_TESTS})
target_link_libraries(test_fpm PRIVATE tna_daemon tna_rule_tree tna-app GTest::gtest)
target_include_directories(test_fpm PRIVATE tests)
file(GLOB TEST_HOOKS CONFIGURE_DEPENDS tests/hooks/*.bpf.c)
foreach(source IN LISTS TEST_HOOKS)
  get_filename_component(name ${source} NAME_WE)
  tna_hook(${name} ${source})
  add_dependencies(test_fpm hook_${name})
endforeach()
set_source_files_properties(tests/fpm/hooks_test.cpp tests/fpm/hook_refusals_test.cpp PROPERTIES
                            COMPILE_DEFINITIONS "TNA_HOOK_OBJECTS=\"${CMAKE_BINARY_DIR}/hooks\"")
add_test(NAME fpm COMMAND test_fpm)
# XDP as it is on kernels without typed reads.
add_test(NAME fpm.probe_reads COMMAND test_fpm)
set_tests_properties(fpm.probe_reads PROPERTIES ENVIRONMENT TNA_PROBE_READS=1)
set_tests_properties(fpm fpm.probe_reads PROPERTIES TIMEOUT 600)

# The differential machine and the benchmark's driver are black boxes to the stages.
file(GLOB DIFFERENTIAL CONFIGURE_DEPENDS tests/differential/*.cpp)
add_executable(tna_differential ${DIFFERENTIAL})
target_link_libraries(tna_differential PRIVATE tna_base CLI11::CLI11)
set_source_files_properties(tests/differential/main.cpp PROPERTIES
                            COMPILE_DEFINITIONS "TNA_SOURCE_DIR=\"${CMAKE_SOURCE_DIR}\"")
add_dependencies(tna_differential hook_change hook_change_tc)
add_test(NAME differential COMMAND ${CMAKE_SOURCE_DIR}/tests/differential/run.sh)
add_test(NAME differential.faults COMMAND ${CMAKE_SOURCE_DIR}/tests/differential/faults.sh)
set_tests_properties(differential differential.faults PROPERTIES
                     ENVIRONMENT "TNA_BUILD=${CMAKE_BINARY_DIR}" TIMEOUT 1200)

file(GLOB BENCH CONFIGURE_DEPENDS bench/*.cpp)
tna_bpf_object(bench ${CMAKE_SOURCE_DIR}/bench/bench.bpf.c)
add_executable(tna_bench ${BENCH} ${CMAKE_BINARY_DIR}/bpf/bench.cpp)
target_link_libraries(tna_bench PRIVATE tna_base tna_rule_tree tna-app CLI11::CLI11 PkgConfig::BPF)

# What is measured in none of them need not be fast: a quarter less to compile.
foreach(target test_unit test_fpm tna_differential)
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
endforeach()

add_executable(tna_reading tests/rules/reading.cpp)
target_link_libraries(tna_reading PRIVATE tna_rules)

# Fuzzers of what reads the firewall's rules. They are clang's; the sources that they need are
# compiled for them, each once.
find_program(CLANGXX NAMES clang++-16 REQUIRED)
set(FUZZ_FLAGS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g)
# g++ 12's <expected> asks for more of concepts than clang 16 says that it has.
set(FUZZ_CXX -std=c++2b -U__cpp_concepts -D__cpp_concepts=202002L -Wno-builtin-macro-redefined
             -I${CMAKE_SOURCE_DIR}/src -I${CMAKE_SOURCE_DIR}/bpf -I${CMAKE_SOURCE_DIR}/tests)
set(FUZZED src/introspect/decode_nft_rule.cpp src/introspect/decode_xtables.cpp
           src/introspect/nft_collector.cpp)
file(GLOB FUZZED_RULES RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS src/rules/*.cpp src/compile/*.cpp)
set(FUZZ_OBJECTS)
foreach(source IN LISTS FUZZED FUZZED_RULES ITEMS tests/fuzz/nft.cpp tests/fuzz/xtables.cpp)
  set(object fuzz/${source}.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CLANGXX} ${FUZZ_CXX} ${FUZZ_FLAGS} -MMD -MT ${object} -MF ${object}.d
            -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    VERBATIM)
  get_filename_component(folder ${CMAKE_BINARY_DIR}/${object} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  if(NOT source MATCHES "^tests/")
    list(APPEND FUZZ_OBJECTS ${CMAKE_BINARY_DIR}/${object})
  endif()
endforeach()
foreach(reader nft xtables)
  set(own ${CMAKE_BINARY_DIR}/fuzz/tests/fuzz/${reader}.cpp.o)
  add_custom_command(
    OUTPUT fuzz_${reader}
    COMMAND ${CLANGXX} -fsanitize=fuzzer,address,undefined ${own} ${FUZZ_OBJECTS} -lfmt
            -o fuzz_${reader}
    DEPENDS ${own} ${FUZZ_OBJECTS}
    VERBATIM)
  add_custom_target(fuzzer_${reader} ALL DEPENDS fuzz_${reader})
  add_test(NAME fuzz.${reader} COMMAND bash ${CMAKE_SOURCE_DIR}/tests/fuzz/run.sh ${reader} 20 -seed=1)
  set_tests_properties(fuzz.${reader} PROPERTIES ENVIRONMENT "TNA_BUILD=${CMAKE_BINARY_DIR}" TIMEOUT 300)
endforeach()
add_executable(tna_record EXCLUDE_FROM_ALL tests/fuzz/record.cpp)
target_link_libraries(tna_record PRIVATE tna_introspect)
target_include_directories(tna_record PRIVATE tests)

file(GLOB TRAFFIC CONFIGURE_DEPENDS tests/netns/traffic*.cpp)
add_executable(tna_traffic ${TRAFFIC})
target_link_libraries(tna_traffic PRIVATE tna_base CLI11::CLI11)

file(GLOB SCENARIOS CONFIGURE_DEPENDS tests/netns/*_test.sh)
foreach(scenario IN LISTS SCENARIOS)
  get_filename_component(name ${scenario} NAME_WE)
  string(REPLACE "_test" "" name ${name})
  add_test(NAME netns.${name} COMMAND bash ${scenario})
  set_tests_properties(netns.${name} PROPERTIES
                       ENVIRONMENT "TNA_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 4 TIMEOUT 420)
endforeach()

# The same under other kernels, which tests/vm/vmrun finds: two series, and the two newest.
foreach(kernel 6.1 6.12 second newest)
  add_test(NAME vm.${kernel} COMMAND bash ${CMAKE_SOURCE_DIR}/tests/vm/test.sh ${kernel})
  list(APPEND VM_TESTS vm.${kernel})
endforeach()
# Those that take longest begin, so that two run for as long as can be.
set_tests_properties(vm.6.12 PROPERTIES COST 30)
set_tests_properties(vm.newest PROPERTIES COST 20)
add_test(NAME vm.table COMMAND bash ${CMAKE_SOURCE_DIR}/tests/vm/table.sh)
set_tests_properties(vm.table PROPERTIES DEPENDS "${VM_TESTS}")
set_tests_properties(${VM_TESTS} vm.table PROPERTIES ENVIRONMENT "TNA_BUILD=${CMAKE_BINARY_DIR}"
                     SKIP_RETURN_CODE 4 TIMEOUT 6000)

add_test(NAME check.includes COMMAND bash ${CMAKE_SOURCE_DIR}/tests/check/includes.sh)
add_test(NAME check.licences COMMAND bash ${CMAKE_SOURCE_DIR}/tests/check/licences.sh)
if(NOT TNA_SANITIZE)  # what links the packaged library would have to be sanitized, too
  add_test(NAME check.packages COMMAND bash ${CMAKE_SOURCE_DIR}/tests/check/packages.sh)
  set_tests_properties(check.packages PROPERTIES ENVIRONMENT "TNA_BUILD=${CMAKE_BINARY_DIR}"
                       SKIP_RETURN_CODE 4 TIMEOUT 120)
endif()

# Only machines may run beside each other (an emulated one uses one CPU): all else has the host for itself.
get_property(ALL_TESTS DIRECTORY PROPERTY TESTS)
list(REMOVE_ITEM ALL_TESTS ${VM_TESTS})
set_tests_properties(${ALL_TESTS} PROPERTIES RUN_SERIAL ON)
