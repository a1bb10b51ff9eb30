// SPDX-License-Identifier: Apache-2.0
// cp.async: data arrive when a lane waits for them, no sooner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/emulator/global_memory.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int kLanes = 64;
constexpr int kSteps = 7;
constexpr int kStages = 3;
constexpr Grid kGrid{.waves = 2, .shared_bytes = kStages * kLanes * 16};

struct alignas(16) Chunk {
  std::array<int, 4> values;
};

std::vector<Chunk> steps() {
  std::vector<Chunk> out(kSteps * kLanes);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].values.fill(static_cast<int>(i));
  return out;
}

// What is left out of a multistage ring: each omission is a fault of its own.
enum class Omit : std::uint8_t { nothing, wait, barrier_before_reading, barrier_before_filling };

// Each lane copies its chunk of a step and reads the one of its opposite in the other wave.
void ring(Omit omit) {
  const auto source = steps();
  const GlobalMemory known(source.data(), source.size() * sizeof(Chunk));
  run(kGrid, [&](unsigned char* arena) {
    const int thread = 32 * Ptx::wave() + Ptx::lane();
    const auto slot = [&](int step, int t) { return arena + (step % kStages * kLanes + t) * 16; };
    const auto fill = [&](int step) {
      if (step < kSteps)
        Ptx::cp_async(slot(step, thread), source.data() + step * kLanes + thread, 16);
      Ptx::cp_async_commit();
    };
    for (int step = 0; step < kStages - 1; ++step) fill(step);
    for (int step = 0; step < kSteps; ++step) {
      if (omit != Omit::wait) Ptx::cp_async_wait<kStages - 2>();
      if (omit != Omit::barrier_before_reading) Ptx::barrier();
      if (omit == Omit::barrier_before_filling) fill(step + kStages);
      const auto got = Ptx::load_shared<Chunk>(slot(step, kLanes - 1 - thread));
      EXPECT_EQ(got.values[3], step * kLanes + kLanes - 1 - thread);
      if (omit != Omit::barrier_before_filling) fill(step + kStages - 1);
    }
  });
}

TEST(CpAsync, RingOfStages) { EXPECT_NO_THROW(ring(Omit::nothing)); }

TEST(CpAsyncFaults, MissingWait) {
  EXPECT_THAT(
      [] { ring(Omit::wait); },
      ThrowsMessage<Fault>(AllOf(HasSubstr("load_shared 16 bytes"),
                                 HasSubstr("touches what is under way, started by wave"),
                                 HasSubstr("by cp.async (tests/emulator/async_copy_test.cpp:"))));
}

TEST(CpAsyncFaults, MissingBarrierBeforeReading) {
  EXPECT_THAT([] { ring(Omit::barrier_before_reading); },
              ThrowsMessage<Fault>(HasSubstr("block 0, wave 0, lane 0: load_shared 16 bytes")));
}

// The stage that is read in this step is filled again.
TEST(CpAsyncFaults, StageIsFilledWhileItIsRead) {
  EXPECT_THAT([] { ring(Omit::barrier_before_filling); },
              ThrowsMessage<Fault>(
                  AnyOf(HasSubstr("touches what is under way"), HasSubstr("overwrites what was"))));
}

TEST(CpAsync, ZeroesWhatIsNotValid) {
  const auto source = steps();
  run({.shared_bytes = 512}, [&](unsigned char* arena) {
    const int bytes = Ptx::lane() % 5 * 4;
    // Nothing is read at all where nothing is valid.
    Ptx::cp_async(arena + 16 * Ptx::lane(), bytes > 0 ? &source[9] : nullptr, bytes);
    Ptx::cp_async_commit();
    Ptx::cp_async_wait<0>();
    const auto got = Ptx::load_shared<Chunk>(arena + 16 * Ptx::lane());
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(got.values[static_cast<std::size_t>(i)], 4 * i < bytes ? 9 : 0);
  });
}

TEST(CpAsync, ReadsItsSourceLate) {
  std::array<Chunk, 1> source{};
  run({.shared_bytes = 16}, [&](unsigned char* arena) {
    if (Ptx::lane() != 0) return;
    Ptx::cp_async(arena, source.data(), 16);
    Ptx::cp_async_commit();
    source[0].values[0] = 5;
    Ptx::cp_async_wait<0>();
    EXPECT_EQ(Ptx::load_shared<Chunk>(arena).values[0], 5);
  });
}

// A group that was not committed is not waited for.
TEST(CpAsyncFaults, MissingCommit) {
  const auto source = steps();
  EXPECT_THAT(
      [&] {
        run({.shared_bytes = 512}, [&](unsigned char* arena) {
          Ptx::cp_async(arena + 16 * Ptx::lane(), &source[0], 16);
          Ptx::cp_async_wait<0>();
          Ptx::load_shared<Chunk>(arena + 16 * Ptx::lane());
        });
      },
      ThrowsMessage<Fault>(AllOf(HasSubstr("lane 0: load_shared"), HasSubstr("under way"))));
}

TEST(CpAsyncFaults, Addresses) {
  const auto source = steps();
  const GlobalMemory known(source.data(), source.size() * sizeof(Chunk));
  const auto* const begin = reinterpret_cast<const unsigned char*>(source.data());
  const auto copy = [=](std::ptrdiff_t to, std::ptrdiff_t from, int bytes) {
    return [=] {
      run({.shared_bytes = 64}, [=](unsigned char* arena) {
        if (Ptx::lane() == 17) Ptx::cp_async(arena + to, begin + from, bytes);
      });
    };
  };
  EXPECT_NO_THROW(copy(48, 16, 16)());
  EXPECT_THAT(copy(64, 0, 16), ThrowsMessage<Fault>(AllOf(HasSubstr("lane 17: cp.async ("),
                                                          HasSubstr("at offset 64 of 64"))));
  EXPECT_THAT(copy(8, 0, 16), ThrowsMessage<Fault>(HasSubstr("misaligned: offset 8")));
  EXPECT_THAT(copy(0, 8, 4), ThrowsMessage<Fault>(HasSubstr("misaligned source")));
  EXPECT_THAT(copy(0, 0, 20), ThrowsMessage<Fault>(HasSubstr("20 valid bytes of 16")));
  EXPECT_THAT(copy(0, kSteps * kLanes * 16, 4),
              ThrowsMessage<Fault>(HasSubstr("outside every allocation")));
}

}  // namespace
}  // namespace moat::emulator
