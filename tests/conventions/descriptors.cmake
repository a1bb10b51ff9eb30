# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=… -P descriptors.cmake: the descriptors of backends are read, and each file of
# planted/descriptors, which stands for the descriptor of the backend in its second word, stops the
# configuration with the words of its first line.
# With -DDESCRIPTOR=FILE -DMOAT_DESCRIBED=NAME that one is read.
cmake_minimum_required(VERSION 3.22)
set(PROJECT_SOURCE_DIR ${ROOT})
if(DESCRIPTOR)
  include(${ROOT}/cmake/MoatDescriptors.cmake)
  include(${ROOT}/cmake/MoatGpuSdk.cmake)
  include(${DESCRIPTOR})
  return()
endif()

# descriptor_read(FILE BACKEND): sets `failed` and `said`.
function(descriptor_read file backend)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DROOT=${ROOT} -DDESCRIPTOR=${file} -DMOAT_DESCRIBED=${backend}
      -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(failed ${failed} PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

file(GLOB descriptors ${ROOT}/backends/*/backend.cmake)
foreach(file IN LISTS descriptors)
  cmake_path(GET file PARENT_PATH folder)
  cmake_path(GET folder FILENAME backend)
  descriptor_read(${file} ${backend})
  if(failed)
    message(SEND_ERROR "${file} is refused: ${said}")
  endif()
endforeach()

file(GLOB planted ${CMAKE_CURRENT_LIST_DIR}/planted/descriptors/*.cmake)
foreach(file IN LISTS planted)
  file(STRINGS ${file} first LIMIT_COUNT 1)
  if(NOT first MATCHES "^# ([a-z]+) (refused: (.+)|accepted)$")
    message(FATAL_ERROR "${file}: its first line names no backend and no words")
  endif()
  set(words "${CMAKE_MATCH_3}")
  descriptor_read(${file} ${CMAKE_MATCH_1})
  if(words)
    string(FIND "${said}" "${words}" at)
    if(NOT failed OR at EQUAL -1)
      message(SEND_ERROR "${file}: expected \"${words}\", got: ${failed} ${said}")
    endif()
  elseif(failed)
    message(SEND_ERROR "${file}: refused: ${said}")
  endif()
endforeach()
list(LENGTH descriptors read)
list(LENGTH planted refused)
if(read LESS 3 OR refused LESS 15)
  message(FATAL_ERROR "only ${read} descriptors and ${refused} planted files found")
endif()
message(STATUS "${read} descriptors, ${refused} planted files")
