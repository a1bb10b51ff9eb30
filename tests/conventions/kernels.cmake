# kernels/ names no vendor, no lane and no preprocessor condition, and says nothing about threads.
# Run as: cmake -DROOT=<source folder> [-DSELF_TEST=ON] -P kernels.cmake

set(patterns
  # A file that is compiled once per backend names the backend's header by a macro; that is all
  # the preprocessor may do.
  "^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif|define|undef)"
  "(^|[^a-z])(cuda|hip|rocm|nvidia|amd|intel|avx|sse|neon|__[a-z]*cc__|openmp|omp)([^a-z]|$)"
  "(^|[^a-z])(thread|lane|warp|wave|wavefront|simd)s?([^a-z]|$)"
  "(threadidx|blockidx|blockdim|griddim|__shfl|__sync|__shared__|__global__|__device__|__host__)"
)

# offending(<variable> <line>): the pattern that the line breaks, comments aside, or "".
function(offending variable line)
  string(REGEX REPLACE "//.*$" "" code "${line}")
  string(TOLOWER "${code}" code)
  set(${variable} "" PARENT_SCOPE)
  foreach(pattern IN LISTS patterns)
    if(code MATCHES "${pattern}")
      set(${variable} "${pattern}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

if(SELF_TEST)
  set(bad "#ifdef FOO" "  # if 1" "#define X 1" "int cuda = 1\;" "hip::launch()\;" "lane % 32"
    "const int warp = id >> 5" "threadIdx.x" "__shfl_xor(x)" "wave_id / 2" "x = avx512(y)")
  set(good "#include \"backends/block.hpp\"" "#pragma once" "// a lane of cuda, #if" "int shift = 1\;"
    "const auto shape = relationship(x)\;" "namespace moat {")
  foreach(line IN LISTS bad)
    offending(found "${line}")
    if(found STREQUAL "")
      message(FATAL_ERROR "not caught: ${line}")
    endif()
  endforeach()
  foreach(line IN LISTS good)
    offending(found "${line}")
    if(NOT found STREQUAL "")
      message(FATAL_ERROR "false alarm: ${line} (${found})")
    endif()
  endforeach()
  return()
endif()

file(GLOB_RECURSE files ${ROOT}/kernels/*.hpp ${ROOT}/kernels/*.cpp)
list(LENGTH files count)
if(count LESS 8)
  message(FATAL_ERROR "only ${count} files found below ${ROOT}/kernels")
endif()
set(failures 0)
foreach(file IN LISTS files)
  if(file MATCHES "/reference/")
    continue()
  endif()
  file(READ ${file} text)
  string(REGEX REPLACE "[][;]" " " text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    offending(found "${line}")
    if(NOT found STREQUAL "")
      message("${file}:${number}: ${line}\n  breaks ${found}")
      math(EXPR failures "${failures} + 1")
    endif()
  endforeach()
endforeach()
if(failures GREATER 0)
  message(FATAL_ERROR "${failures} lines of kernels/ depend on a vendor or on lanes")
endif()
