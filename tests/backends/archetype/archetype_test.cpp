// SPDX-License-Identifier: Apache-2.0
// Every kernel compiles against the vocabulary alone, and computes what it should there.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "backends/vocabulary/launchers.hpp"
#include "tests/backends/archetype/backend.hpp"
#include "tests/backends/gpu_kernels.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(archetype::Backend)

namespace {

class ArchetypeDevice final : public HostMemory {
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

}  // namespace
}  // namespace moat
