# SPDX-License-Identifier: Apache-2.0
# Every source file that git knows names its licence in one of its first three lines.
# Run as: cmake -DROOT=<source folder> -P spdx.cmake
cmake_policy(SET CMP0007 NEW)
execute_process(COMMAND git -C ${ROOT} ls-files
    -- *.cpp *.hpp *.cu *.h *.sh *.py *.mjs *.js *.css *.cmake *.cmake.in *.cpp.in CMakeLists.txt */CMakeLists.txt
      .ci/*
  OUTPUT_VARIABLE listed RESULT_VARIABLE failed ERROR_QUIET)
if(failed)
  message("skipped: git lists no files of ${ROOT}")
  return()
endif()
string(REPLACE "\n" ";" files "${listed}")
# Inputs of tests, whose lines are counted or judged.
list(FILTER files EXCLUDE REGEX "/(fixtures|planted)/|^$")
list(LENGTH files count)
if(count LESS 100)
  message(FATAL_ERROR "only ${count} source files found")
endif()
set(failures 0)
foreach(file IN LISTS files)
  if(NOT EXISTS ${ROOT}/${file})
    continue()
  endif()
  file(READ ${ROOT}/${file} text LIMIT 300)
  if(NOT text MATCHES "^([^\n]*\n)?([^\n]*\n)?[^\n]*SPDX-License-Identifier: Apache-2\\.0")
    message("${file}: no SPDX-License-Identifier: Apache-2.0 in its first three lines")
    math(EXPR failures "${failures} + 1")
  endif()
endforeach()
if(failures GREATER 0)
  message(FATAL_ERROR "${failures} of ${count} source files name no licence")
endif()
