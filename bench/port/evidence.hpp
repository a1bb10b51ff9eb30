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
  TestCounts emulator;  // its schedules and tile layer on emulated lanes
  // "device" if a test passed there, else "emulator", else "not at all".
  std::string where() const;
};

// Backend → what the tests in CTest's JUnit file (`ctest --output-junit`) prove. A test belongs to
// a port by its suite's name: CudaDevice, HipDevice, CpuDevice and CudaEmulator, HipEmulator.
// Throws std::runtime_error that names the file.
std::map<std::string, Execution> read_junit(const std::filesystem::path& path);

}  // namespace moat
