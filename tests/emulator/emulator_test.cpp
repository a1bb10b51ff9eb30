// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/emulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "backends/simt/device_facts.hpp"
#include "backends/simt/plain.hpp"
#include "backends/simt/schedule.hpp"
#include "kernels/monoids.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/lanes.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Of kernels whose schedule is given.
struct NoSchedules {
  static constexpr simt::DeviceFacts kReference{.compute_units = 1};
};
using PlainBackend = Backend<simt::Plain<Lanes<32>>, NoSchedules>;

int thread(const Grid& grid) { return place().wave * grid.wave_width + place().lane; }

TEST(Emulator, RunsEveryLaneOfEveryBlockOnce) {
  const Grid grid{.blocks = 3, .waves = 2, .wave_width = 32, .shared_bytes = 128};
  std::vector<int> runs(3 * 64);
  run(grid, [&](unsigned char*) {
    EXPECT_EQ(place().blocks, 3);
    ++runs[static_cast<std::size_t>(place().block * 64 + thread(grid))];
  });
  EXPECT_THAT(runs, ::testing::Each(1));
}

TEST(Emulator, BarrierOrdersWritesBeforeReads) {
  const Grid grid{.blocks = 2, .waves = 4, .wave_width = 32, .shared_bytes = 128 * sizeof(int)};
  using A = Lanes<32>;
  run(grid, [&](unsigned char* arena) {
    auto* values = reinterpret_cast<int*>(arena);
    for (int round = 0; round < 3; ++round) {
      A::store_shared(values + thread(grid), thread(grid) + round);
      barrier();
      const int other = 127 - thread(grid);
      EXPECT_EQ(A::load_shared<int>(values + other), other + round);
      barrier();
    }
  });
}

TEST(Emulator, SharedMemoryIsAlignedForSwizzledTiles) {
  run({.blocks = 2, .shared_bytes = 128},
      [](unsigned char* arena) { EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena) % 1024, 0U); });
}

template <int kWidth>
void shuffles() {
  run({.waves = 2, .wave_width = kWidth}, [](unsigned char*) {
    using A = Lanes<kWidth>;
    for (int mask = 1; mask < kWidth; mask *= 2) {
      EXPECT_EQ(A::shuffle_xor(A::lane() + 100 * A::wave(), mask),
                (A::lane() ^ mask) + 100 * A::wave());
    }
    EXPECT_EQ(A::shuffle(static_cast<float>(A::lane()), kWidth - 1), kWidth - 1);
    EXPECT_EQ(A::shuffle(std::int64_t{1} << 40 | A::lane(), 3), std::int64_t{1} << 40 | 3);
  });
}

TEST(Emulator, ShufflesStayInTheWave) {
  shuffles<32>();
  shuffles<64>();
}

// Faults that a GPU would answer with a hang, wrong numbers or luck.

TEST(EmulatorFaults, BarrierThatSomeLanesNeverReach) {
  EXPECT_THAT(
      [] {
        run({.waves = 2}, [](unsigned char*) {
          if (place().wave == 0 && place().lane < 5) return;
          barrier();
        });
      },
      ThrowsMessage<Fault>(
          AllOf(HasSubstr("block 0 is deadlocked"),
                HasSubstr("59 of 64 lanes, wave 0 lane 5 first, wait at barrier 0"),
                HasSubstr("barrier (tests/emulator/emulator_test.cpp:"),
                HasSubstr("59 of 64 lanes arrived"),
                HasSubstr("5 of 64 lanes, wave 0 lane 0 first, have ended"))));
}

TEST(EmulatorFaults, BarrierInOneBranchShuffleInTheOther) {
  EXPECT_THAT(
      [] {
        run({}, [](unsigned char*) {
          if (place().lane % 2 == 0) {
            barrier();
          } else {
            Lanes<32>::shuffle_xor(1.0f, 1);
          }
        });
      },
      ThrowsMessage<Fault>(AllOf(
          HasSubstr("16 of 32 lanes, wave 0 lane 0 first, wait at barrier 0"),
          HasSubstr(
              "16 of 32 lanes, wave 0 lane 1 first, wait for the wave's other lanes, shuffle"))));
}

TEST(EmulatorFaults, ShuffleThatALaneSkips) {
  EXPECT_THAT(
      [] {
        run({}, [](unsigned char*) {
          if (place().lane != 7) Lanes<32>::shuffle_xor(1, 1);
        });
      },
      ThrowsMessage<Fault>(HasSubstr("1 of 32 lanes, wave 0 lane 7 first, have ended")));
}

TEST(EmulatorFaults, ShufflesThatDoNotMatch) {
  EXPECT_THAT(
      [] { run({}, [](unsigned char*) { Lanes<32>::shuffle_xor(1, place().lane < 8 ? 1 : 2); }); },
      ThrowsMessage<Fault>(AllOf(HasSubstr("block 0, wave 0, lane 8: shuffle ("),
                                 HasSubstr("shuffles with mask 2, lane 0 with 1"))));
  EXPECT_THAT([] { run({}, [](unsigned char*) { Lanes<32>::shuffle(1, 32); }); },
              ThrowsMessage<Fault>(HasSubstr("shuffle from lane 32 of a wave of 32")));
}

TEST(EmulatorFaults, AccessOutsideSharedMemory) {
  const Grid grid{.blocks = 2, .shared_bytes = 256};
  const auto access = [&](std::ptrdiff_t offset) {
    return [=] {
      run(grid, [=](unsigned char* arena) {
        if (place().block == 1 && place().lane == 3) Lanes<32>::store_shared(arena + offset, 1.0f);
      });
    };
  };
  EXPECT_NO_THROW(access(252)());
  EXPECT_THAT(access(256),
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("block 1, wave 0, lane 3: store_shared 4 bytes (tests/emulator/"),
                        HasSubstr("4 bytes at offset 256 of 256 bytes of shared memory"))));
  EXPECT_THAT(access(-4), ThrowsMessage<Fault>(HasSubstr("offset -4 of 256")));
  EXPECT_THAT(access(254), ThrowsMessage<Fault>(HasSubstr("offset 254")));
  EXPECT_THAT(access(30), ThrowsMessage<Fault>(HasSubstr("misaligned: offset 30")));
}

TEST(EmulatorFaults, ExceptionsOfALaneReachTheCaller) {
  EXPECT_THROW(run({.waves = 2},
                   [](unsigned char*) {
                     if (place().wave == 1 && place().lane == 9) throw std::out_of_range("lane 9");
                     barrier();
                   }),
               std::out_of_range);
}

// Reductions before a last arrival, as many as asked for, and one after.
struct LateSum {
  using Partial = Sum::State<float, std::int64_t>;
  template <class S, class B>
  struct Args {
    const float* x;
    int reductions;
    Partial* partials;
    unsigned* arrivals;
    float* result;
  };
  template <class S, Block B>
  static void run(B& block, const Args<S, B>& args) {
    block.items(2, [&](int item) {
      for (int i = 0; i < args.reductions; ++i) {
        const auto state = block.reduce(Sum{}, args.x, 100);
        block.once([&] { args.partials[item] = Sum::rebase(state, 0); });
      }
    });
    block.last_arrival(args.arrivals, [&] {
      const auto state = block.collect(Sum{}, 2, [&](int item) { return args.partials[item]; });
      block.once([&] { *args.result = Sum::result(state); });
    });
  }
};

TEST(Emulator, LastArrivalAfterAnyNumberOfReductions) {
  using S = simt::FlatSchedule<2, 1>;
  const std::vector<float> x(100, 1.0f);
  for (const int reductions : {1, 2, 3}) {
    PlainBackend backend;
    using B = decltype(backend)::Block<S>;
    auto* const partials =
        static_cast<LateSum::Partial*>(backend.workspace(2 * sizeof(LateSum::Partial)));
    float result = 0.0f;
    backend.launch<LateSum, S>(
        2, LateSum::Args<S, B>{x.data(), reductions, partials, backend.arrivals(), &result});
    EXPECT_EQ(result, 200.0f);
  }
}

// A block program with an error in it, launched as a kernel is.
struct DivergentReduction {
  template <class S, class B>
  struct Args {
    const float* x;
  };
  template <class S, Block B>
  static void run(B& block, const Args<S, B>& args) {
    block.once([&] { block.reduce(Max{}, args.x, 100); });
  }
};

TEST(EmulatorFaults, OperationOfTheBlockInOneLane) {
  using S = simt::FlatSchedule<2, 1>;
  PlainBackend backend;
  const std::vector<float> x(100);
  EXPECT_THAT(([&] {
                using B = decltype(backend)::Block<S>;
                backend.launch<DivergentReduction, S>(1, DivergentReduction::Args<S, B>{x.data()});
              }),
              ThrowsMessage<Fault>(AllOf(
                  HasSubstr("deadlocked"),
                  HasSubstr("1 of 64 lanes, wave 0 lane 0 first, wait for the wave's other"))));
}

}  // namespace
}  // namespace moat::emulator
