# SPDX-License-Identifier: Apache-2.0
# Takes what is for debuggers out of the static library, which CPACK_STRIP_FILES leaves as it is.
find_program(STRIP strip REQUIRED)
file(GLOB_RECURSE libraries ${CPACK_TEMPORARY_DIRECTORY}/*.a)
execute_process(COMMAND ${STRIP} --strip-debug ${libraries} COMMAND_ERROR_IS_FATAL ANY)
