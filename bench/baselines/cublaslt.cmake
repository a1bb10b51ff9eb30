# SPDX-License-Identifier: Apache-2.0
# cuBLASLt is loaded at run time.
if(TARGET moat_cuda)
  find_path(MOAT_CUBLASLT_INCLUDE_DIR cublasLt.h
    HINTS ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH)
endif()
if(TARGET moat_cuda AND MOAT_CUBLASLT_INCLUDE_DIR)
  target_sources(moat_baselines PRIVATE
    cublaslt.cpp cublaslt_library.cpp cublaslt_scaled.cpp)
  target_include_directories(moat_baselines SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_definitions(moat_baselines PRIVATE
    MOAT_CUDA_LIBRARY_DIR="${CUDAToolkit_LIBRARY_DIR}")
else()
  target_sources(moat_baselines PRIVATE cublaslt_absent.cpp)
endif()
