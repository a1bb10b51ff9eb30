// SPDX-License-Identifier: Apache-2.0
// What blocks leave in global memory for the block that arrives last.
#include "tests/emulator/device_scope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>

#include "tests/emulator/lanes.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Isa = Lanes<32>;

constexpr std::size_t kBlocks = 3;

struct Steps {
  bool fence_before = true;
  bool barrier_between = true;
  bool fence_after = true;
};

// Every wave of every block writes a 1; the last block adds them.
float sum_of_parts(const Steps& steps) {
  std::array<float, 2 * kBlocks> parts{};
  parts.fill(std::numeric_limits<float>::quiet_NaN());
  unsigned arrivals = 0;
  float sum = 0.0f;
  run({.blocks = int{kBlocks},
       .waves = 2,
       .shared_bytes = 16,
       .exchanged = std::as_writable_bytes(std::span(parts))},
      [&](unsigned char* arena) {
        if (Isa::lane() == 0) {
          parts[2 * static_cast<std::size_t>(Isa::block()) +
                static_cast<std::size_t>(Isa::wave())] = 1.0f;
        }
        if (steps.fence_before) Isa::fence();
        if (steps.barrier_between) Isa::barrier();
        const bool first = Isa::wave() == 0 && Isa::lane() == 0;
        if (first) Isa::store_shared(arena, Isa::atomic_add(&arrivals, 1u));
        Isa::barrier();
        if (Isa::load_shared<unsigned>(arena) + 1 != kBlocks) return;
        if (steps.fence_after) Isa::fence();
        if (first) sum = std::accumulate(parts.begin(), parts.end(), 0.0f);
      });
  EXPECT_THAT(parts, Each(1.0f));
  return sum;
}

TEST(DeviceScope, FencesAroundAnAtomicPassValuesOn) { EXPECT_EQ(sum_of_parts({}), 6.0f); }

TEST(DeviceScopeFaults, NoFenceBeforeTheAtomic) {
  EXPECT_THAT([] { sum_of_parts({.fence_before = false}); },
              ThrowsMessage<Fault>(AllOf(HasSubstr("block 0, wave 0, lane 0: atomic_add"),
                                         HasSubstr("wave 0, lane 0 passed no fence"))));
}

// The atomic of one wave says nothing of what another does until they meet.
TEST(DeviceScopeFaults, NoBarrierBetweenFenceAndAtomic) {
  EXPECT_THAT([] { sum_of_parts({.barrier_between = false}); },
              ThrowsMessage<Fault>(HasSubstr("lane 1 passed no fence")));
}

TEST(DeviceScopeFaults, NoFenceAfterTheAtomic) {
  EXPECT_TRUE(std::isnan(sum_of_parts({.fence_after = false})));
}

}  // namespace
}  // namespace moat::emulator
