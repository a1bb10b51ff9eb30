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

// Tests of one port.
struct Execution {
  TestCounts device;    // on a device of the backend; for the cpu, on the processor
  TestCounts emulator;  // its schedules and the tile layer on emulated lanes; its atoms and its
                        // runtime need the device
  // "device" if a test passed there, else "emulator", else "not at all".
  std::string where() const;
};

// Backend → what the tests in CTest's JUnit file (`ctest --output-junit`) prove. Which tests run a
// port's kernels is told by their names, CudaDevices.EveryKernel or EmulatedGemm.*; a skipped test
// proves nothing. Throws std::runtime_error that names the file.
std::map<std::string, Execution> read_junit(const std::filesystem::path& path);

}  // namespace moat
