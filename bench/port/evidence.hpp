// SPDX-License-Identifier: Apache-2.0
// What tests prove about where a port ran.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace moat {

struct TestCounts {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};
TestCounts& operator+=(TestCounts& sum, const TestCounts& more);

// Tests of one port or family.
struct Execution {
  TestCounts device;  // on a device of the backend; for the cpu, on the processor; of a family none
  TestCounts emulator;  // the tile layer, the schedules and the family's atoms ran lane by lane,
                        // over emulated single instructions (tests/emulator/README.md); the
                        // instruction wrappers (ptx.hpp, amdgpu.hpp) and the runtime did not
  // "device" if a test passed there, else "emulator", else "not at all".
  std::string where() const;
};

struct TestEvidence {
  std::map<std::string, TestCounts> devices;   // of a backend: cuda
  std::map<std::string, TestCounts> emulated;  // of a family, without its backend: sm_90a
};

// What the tests in CTest's JUnit file (`ctest --output-junit`) prove. Which tests run a port's
// kernels, and which family's, is told by their names: CudaDevices.EveryKernel,
// Architectures/EmulatedGemm.LargeTilesInBands/sm_90a_f16. A skipped test proves nothing. Throws
// std::runtime_error that names the file.
TestEvidence read_junit(const std::filesystem::path& path);

}  // namespace moat
