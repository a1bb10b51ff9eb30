# SPDX-License-Identifier: Apache-2.0
# A GPU whose SDK is the emulator of the tests: waves of 32 lanes, no matrix instructions.
moat_backend(toy
  DEVICE_TESTS [[ToyDevices\.EveryKernel]])
moat_family(toy toy1 SERVES toy
  EMULATED backends/toy/toy1_backend.hpp)
