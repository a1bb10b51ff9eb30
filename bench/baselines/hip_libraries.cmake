# SPDX-License-Identifier: Apache-2.0
# ROCm's libraries are loaded at run time, by declarations of ours: no header of theirs is needed.
target_sources(moat_baselines PRIVATE
  hip_libraries.cpp hipblaslt.cpp hipblaslt_api.cpp miopen.cpp miopen_api.cpp rocblas.cpp rocblas_api.cpp
  rocm_library.cpp)
if(MOAT_ROCM)
  set(rocm ${MOAT_ROCM})
else()
  set(rocm /opt/rocm)
endif()
target_compile_definitions(moat_baselines PRIVATE MOAT_ROCM_LIBRARY_DIR="${rocm}/lib")
