# SPDX-License-Identifier: Apache-2.0
# moat_gpu_seen(VARIABLE BACKEND VENDOR): false if MOAT_<BACKEND> is SEEN and no GPU of VENDOR (nvidia
# or amd) is; asked anew in every configuration.
function(moat_gpu_seen variable backend vendor)
  set(${variable} TRUE PARENT_SCOPE)
  if(MOAT_${backend} STREQUAL SEEN)
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/gpu_seen.sh ${vendor}
      RESULT_VARIABLE unseen OUTPUT_VARIABLE what OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(unseen)
      set(${variable} FALSE PARENT_SCOPE)
    else()
      message(STATUS "${backend} backend: ${what} shows a GPU")
    endif()
  endif()
endfunction()
