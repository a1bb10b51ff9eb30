# SPDX-License-Identifier: Apache-2.0
# CUB is headers, which nvcc compiles for the backend's devices.
if(TARGET moat_cuda)
  add_library(moat_cub OBJECT cub_reduce.cu)
  target_link_libraries(moat_cub PRIVATE moat_options moat_cuda_options)
  moat_cuda_generate(moat_cub ${MOAT_CUDA_ARCHITECTURES})
  string(REPLACE ";" " " architectures "${MOAT_CUDA_ARCHITECTURES}")
  target_sources(moat_baselines PRIVATE cub.cpp $<TARGET_OBJECTS:moat_cub>)
  target_include_directories(moat_baselines SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(moat_baselines PUBLIC CUDA::cudart_static)
  target_compile_definitions(moat_baselines PRIVATE MOAT_CUDA_ARCHITECTURES="${architectures}")
else()
  target_sources(moat_baselines PRIVATE cub_absent.cpp)
endif()
