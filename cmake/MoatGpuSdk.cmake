# SPDX-License-Identifier: Apache-2.0
# What the sdk.cmake of GPU backends share: whether a backend is wanted, and what becomes of one that
# cannot be built.

# moat_gpu_wanted(BACKEND VENDOR [COMMAND...]): sets MOAT_<BACKEND>_ABSENT to why MOAT_<BACKEND> asks
# for no build: it is off, or SEEN and no GPU of VENDOR is, which is asked anew in every
# configuration. Empty if it does. COMMAND prints what shows such a GPU and exits with 0, or with 1 if
# there is none; scripts/gpu_seen.sh VENDOR, which knows nvidia and amd, is the default.
function(moat_gpu_wanted backend vendor)
  set(reason "")
  if(NOT MOAT_${backend})
    set(reason "switched off by MOAT_${backend}=${MOAT_${backend}}")
  elseif(MOAT_${backend} STREQUAL SEEN)
    set(command ${ARGN})
    if(NOT command)
      set(command ${PROJECT_SOURCE_DIR}/scripts/gpu_seen.sh ${vendor})
    endif()
    execute_process(COMMAND ${command}
      RESULT_VARIABLE unseen OUTPUT_VARIABLE what ERROR_VARIABLE why OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT unseen MATCHES "^[01]$")
      list(JOIN command " " command)
      message(FATAL_ERROR "MOAT_${backend}=SEEN: ${command}: ${unseen}\n${why}")
    elseif(unseen)
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
