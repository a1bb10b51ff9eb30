# SPDX-License-Identifier: Apache-2.0
# AMD GPUs, compiled by clang, whose object files hold a bundle of code objects.
moat_backend(hip
  CODE bundle COUNTED_IN "machine code"
  DEVICE_TESTS [[HipDevices\.(Basics|EveryKernel)]]
  INTERPRETED "machine code"
  BASELINES hip_libraries)
# gfx90a and newer of the 9 series have MFMA with bf16; 908 has an older one.
moat_family(hip cdna SERVES gfx90a gfx94 gfx95
  EMULATED tests/backends/simt/emulated/cdna_backend.hpp)
moat_family(hip rdna3 SERVES gfx11
  EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
moat_family(hip plain64 SERVES gfx9
  EMULATED tests/backends/simt/emulated/plain64_backend.hpp)
moat_family(hip plain32 SERVES gfx
  EMULATED tests/backends/simt/emulated/plain32_backend.hpp)
