# SPDX-License-Identifier: Apache-2.0
# NVIDIA GPUs, compiled by nvcc. A fat binary has assembly in it; the assembler's report lies in a
# file beside it.
moat_backend(cuda
  CODE fatbin COUNTED_IN PTX
  DEVICE_TESTS [[CudaDevices\.(Basics|EveryKernel)]]
  INTERPRETED PTX
  BASELINES cublaslt cudnn cub expert_loop)
# Code for 90a uses what only that architecture has.
moat_family(cuda sm_90a SERVES sm_90a
  EMULATED tests/backends/simt/emulated/sm_90a_backend.hpp)
moat_family(cuda sm_80 SERVES sm_
  EMULATED tests/backends/simt/emulated/sm_80_backend.hpp)
