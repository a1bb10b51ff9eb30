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

struct WaveSteps {
  bool fence_before = true;
  bool meet_before = true;
  bool fence_after = true;
};

// Every lane stores a 1 in a place of its own; waves of one number tell of their arrival, and the
// last one adds up what those of all blocks stored, each lane what lanes of its own number did.
float sum_by_waves(const WaveSteps& steps) {
  constexpr std::size_t kWaves = 2;
  std::array<float, kBlocks * kWaves * 32> parts{};
  parts.fill(std::numeric_limits<float>::quiet_NaN());
  std::array<unsigned, kWaves> arrivals{};
  std::array<float, kWaves * 32> sums{};
  run({.blocks = int{kBlocks},
       .waves = int{kWaves},
       .shared_bytes = 16,
       .exchanged = std::as_writable_bytes(std::span(parts))},
      [&](unsigned char*) {
        const auto wave = static_cast<std::size_t>(Isa::wave());
        const auto lane = static_cast<std::size_t>(Isa::lane());
        const auto block = static_cast<std::size_t>(Isa::block());
        Isa::store_global(&parts[(block * kWaves + wave) * 32 + lane], 1.0f);
        if (steps.fence_before) Isa::fence();
        if (steps.meet_before) Isa::syncwarp();
        int before = 0;
        if (lane == 0) before = static_cast<int>(Isa::atomic_add(&arrivals[wave], 1u));
        if (Isa::shuffle(before, 0) + 1 != int{kBlocks}) return;
        if (steps.fence_after) Isa::fence();
        Isa::syncwarp();
        for (std::size_t b = 0; b < kBlocks; ++b) {
          sums[wave * 32 + lane] +=
              Isa::load_global<float>(&parts[(b * kWaves + wave) * 32 + lane]);
        }
      });
  return std::accumulate(sums.begin(), sums.end(), 0.0f);
}

TEST(DeviceScope, WavesPassOnWhatTheyStored) { EXPECT_EQ(sum_by_waves({}), 192.0f); }

TEST(DeviceScopeFaults, AWaveWithoutAFence) {
  EXPECT_THAT([] { sum_by_waves({.fence_before = false}); },
              ThrowsMessage<Fault>(HasSubstr("wave 0, lane 0 passed no fence")));
}

TEST(DeviceScopeFaults, LanesThatDoNotMeetBeforeTheAtomic) {
  EXPECT_TRUE(std::isnan(sum_by_waves({.meet_before = false})));
}

TEST(DeviceScopeFaults, AWaveThatReadsWithoutAFence) {
  EXPECT_TRUE(std::isnan(sum_by_waves({.fence_after = false})));
}

TEST(DeviceScopeFaults, NoFenceAfterTheAtomic) {
  EXPECT_TRUE(std::isnan(sum_of_parts({.fence_after = false})));
}

}  // namespace
}  // namespace moat::emulator
