# SPDX-License-Identifier: Apache-2.0
# What the sdk.cmake of GPU backends share: whether a backend is wanted, and what becomes of one that
# cannot be built.

# moat_gpu_wanted(BACKEND VENDOR): sets MOAT_<BACKEND>_ABSENT to why MOAT_<BACKEND> asks for no build:
# it is off, or SEEN and no GPU of VENDOR (nvidia or amd) is, which is asked anew in every
# configuration. Empty if it does.
function(moat_gpu_wanted backend vendor)
  set(reason "")
  if(NOT MOAT_${backend})
    set(reason "switched off by MOAT_${backend}=${MOAT_${backend}}")
  elseif(MOAT_${backend} STREQUAL SEEN)
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/gpu_seen.sh ${vendor}
      RESULT_VARIABLE unseen OUTPUT_VARIABLE what OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(unseen)
      string(TOUPPER ${vendor} name)
      set(reason
        "not built: no ${name} GPU seen; MOAT_CMAKE_ARGS=-DMOAT_${backend}=ON builds it")
      message(STATUS "${backend} backend: ${reason}")
    else()
      message(STATUS "${backend} backend: ${what} shows a GPU")
    endif()
  endif()
  set(MOAT_${backend}_ABSENT "${reason}" PARENT_SCOPE)
endfunction()

# moat_gpu_skipped(BACKEND): says that MOAT_<BACKEND>_ABSENT keeps the backend out; an error if
# MOAT_<BACKEND> asks for it.
function(moat_gpu_skipped backend)
  if(NOT MOAT_${backend} MATCHES "^(AUTO|SEEN)$")
    message(FATAL_ERROR "MOAT_${backend}=${MOAT_${backend}}, but ${MOAT_${backend}_ABSENT}.")
  endif()
  message(STATUS "${backend} backend: skipped, ${MOAT_${backend}_ABSENT}")
endfunction()
