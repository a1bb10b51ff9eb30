// SPDX-License-Identifier: Apache-2.0
// What tests prove about where a port ran.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace moat {

struct TestCounts {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};
TestCounts& operator+=(TestCounts& sum, const TestCounts& more);

// The ladder of evidence, from its top. README.md here says what each rung cannot show.
enum class Rung : std::uint8_t {
  device,         // on a device of the backend; for the cpu, on the processor
  interpreted,    // what the compiler made of the kernels, by tests/executors
  emulated,       // the sources lane by lane, over emulated single instructions: tests/emulator
  compiled,       // the vendor's compiler took them, and moat codegen --check found no fault
  stub_compiled,  // the same of another compiler, against declarations of ours
};
inline constexpr std::array kRungs = {Rung::device, Rung::interpreted, Rung::emulated,
                                      Rung::compiled, Rung::stub_compiled};

// Tests of one port or family.
struct Execution {
  std::map<Rung, TestCounts> tests;
  // Of each architecture whose interpreted tests ran, those that passed: `devices` of
  // interpreted.hip.gfx942.devices.
  std::map<std::string, std::set<std::string>> interpreted;

  // Whether tests passed there and none failed, of one of several architectures neither.
  // *Interpreted* takes the device tests and every kernel of each architecture that ran.
  bool reaches(Rung rung) const;
  // The highest rung that is reached.
  std::optional<Rung> proved() const;
};

// "stub-compiled"; and its key in `tests` of the porting record, "stub_compiled".
std::string name_of(Rung rung);
std::string key_of(Rung rung);

// What `executed` says of a backend that is proved so far: "device", "machine code interpreted",
// "not at all".
std::string executed_text(const std::string& backend, std::optional<Rung> proved);

struct TestEvidence {
  double seconds = 0;                         // that the tests took together
  std::map<std::string, Execution> ports;     // cuda; what tests of no family prove
  std::map<std::string, Execution> families;  // cuda/sm_90a
};

// What the tests in CTest's JUnit file (`ctest --output-junit`) prove. Which tests run a port's
// kernels, and which family's, is told by their names: CudaDevices.EveryKernel,
// interpreted.hip.gfx942.devices, Architectures/EmulatedGemm.LargeTilesInBands/sm_90a_f16,
// compiled.hip.cdna. A skipped test proves nothing. Throws std::runtime_error that names the file.
TestEvidence read_junit(const std::filesystem::path& path);

}  // namespace moat
