# SPDX-License-Identifier: Apache-2.0
# What CMake did not find is never run or compiled with: no command of the build and no test has a
# NOTFOUND in it. Run as: cmake -DBUILD=<build folder> -P not_found.cmake

file(GLOB_RECURSE files ${BUILD}/tests/CTestTestfile.cmake)
list(APPEND files ${BUILD}/compile_commands.json)
list(LENGTH files count)
if(count LESS 10)
  message(FATAL_ERROR "only ${count} files found below ${BUILD}")
endif()
set(failures 0)
foreach(file IN LISTS files)
  file(STRINGS ${file} lines REGEX "NOTFOUND")
  foreach(line IN LISTS lines)
    message("${file}: ${line}")
    math(EXPR failures "${failures} + 1")
  endforeach()
endforeach()
if(failures GREATER 0)
  message(FATAL_ERROR "${failures} commands use what was not found; skip the test by name instead")
endif()
