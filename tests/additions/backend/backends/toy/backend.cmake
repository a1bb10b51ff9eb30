# SPDX-License-Identifier: Apache-2.0
# A GPU whose SDK is the emulator of the tests: waves of 32 lanes, no matrix instructions. Its object
# files are the host's, and tell of kernels in their symbols.
moat_backend(toy
  CODE symbols COUNTED_IN nothing
  DEVICE_TESTS [[ToyDevices\.EveryKernel]])
moat_family(toy toy1 SERVES toy
  EMULATED backends/toy/toy1_backend.hpp)
