// SPDX-License-Identifier: Apache-2.0
// Every kernel compiles against the vocabulary alone, and computes what it should there.
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <vector>

#include "backends/vocabulary/launchers.hpp"
#include "tests/backends/archetype/backend.hpp"
#include "tests/backends/gpu_kernels.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(archetype::Backend)

namespace {

class ArchetypeDevice : public HostMemory {
 public:
  ArchetypeDevice() {
    info_.backend = "archetype";
    info_.name = "vocabulary";
  }
  void run(const Problem& problem) override {
    std::visit([&](const auto& p) { launch(backend_, p); }, problem);
  }

 private:
  archetype::Backend backend_;
};

TEST(Archetype, VocabularySufficesForEveryKernel) {
  DeviceList list;
  list.devices.push_back(std::make_unique<ArchetypeDevice>());
  run_kernels(list, edge_problems);
}

// That of a device which never comes back is the last one.
TEST(Archetype, ProblemsAreNamedBeforeTheyRun) {
  struct Hung : ArchetypeDevice {
    void run(const Problem&) override { throw DeviceError("it hangs"); }
  };
  DeviceList list;
  list.devices.push_back(std::make_unique<Hung>());
  std::ostringstream log;
  const auto one = [](DType type, const DeviceInfo&) -> std::vector<Problem> {
    return {GemmProblem{.dtype = type, .m = 3, .n = 5, .k = 7}};
  };
  EXPECT_THROW(run_kernels(list, one, log), DeviceError);
  EXPECT_EQ(log.str(), "gemm/f32/m3n5k7\n");
}

}  // namespace
}  // namespace moat
