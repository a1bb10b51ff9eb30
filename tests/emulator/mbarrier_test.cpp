// SPDX-License-Identifier: Apache-2.0
// mbarriers, and TMA loads that complete on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "tests/emulator/global_memory.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// A matrix of kRows × kCols counts, element (r, c) is 100 r + c; boxes of 8 × 16.
constexpr int kRows = 40;
constexpr int kCols = 24;
constexpr int kBoxRows = 8;
constexpr int kBoxCols = 16;
constexpr unsigned kBoxBytes = kBoxRows * kBoxCols * 4;

struct Matrix {
  std::vector<float> values = std::vector<float>(kRows * kCols);
  TensorMap map;

  explicit Matrix(Swizzle swizzle = Swizzle::none, int box_cols = kBoxCols) {
    for (int i = 0; i < kRows * kCols; ++i) {
      values[static_cast<std::size_t>(i)] = static_cast<float>(i / kCols * 100 + i % kCols);
    }
    map = Ptx::make_tensor_map<float, 2>(values.data(), {kCols, kRows}, {4, kCols * 4},
                                         {static_cast<std::uint32_t>(box_cols), kBoxRows}, swizzle);
  }
};

constexpr int kStages = 2;
constexpr int kSteps = 5;

enum class Omit : std::uint8_t {
  nothing,
  wait_for_full,
  wait_for_empty,
  expected_bytes,
  arrival_of_a_wave,
  fence_init,
  barrier_after_init,
};

// Wave 0 loads a box a step; waves 1 and 2 read it and hand the stage back. Barriers lie behind
// the stages.
void ring(Omit omit) {
  const Matrix matrix;
  const GlobalMemory known(matrix.values.data(), matrix.values.size() * sizeof(float));
  run({.blocks = 2, .waves = 3, .shared_bytes = kStages * kBoxBytes + 2 * kStages * 8},
      [&](unsigned char* arena) {
        auto* const full = reinterpret_cast<std::uint64_t*>(arena + kStages * kBoxBytes);
        auto* const empty = full + kStages;
        if (Ptx::wave() == 0 && Ptx::lane() == 0) {
          for (int s = 0; s < kStages; ++s) {
            Ptx::mbarrier_init(full + s, 1);
            Ptx::mbarrier_init(empty + s, omit == Omit::arrival_of_a_wave ? 1 : 2);
          }
          if (omit != Omit::fence_init) Ptx::mbarrier_fence_init();
        }
        if (omit != Omit::barrier_after_init) Ptx::barrier();
        if (Ptx::wave() == 0) {
          if (Ptx::lane() != 0) return;
          for (int step = 0; step < kSteps; ++step) {
            const int s = step % kStages;
            const unsigned round = static_cast<unsigned>(step / kStages);
            if (omit != Omit::wait_for_empty) Ptx::mbarrier_wait(empty + s, (round + 1) % 2);
            Ptx::mbarrier_arrive_expect(full + s,
                                        omit == Omit::expected_bytes ? kBoxBytes - 16 : kBoxBytes);
            Ptx::tma_load<2>(arena + s * static_cast<int>(kBoxBytes), &matrix.map, full + s,
                             {0, step * kBoxRows});
          }
          return;
        }
        for (int step = 0; step < kSteps; ++step) {
          const int s = step % kStages;
          if (omit != Omit::wait_for_full) {
            Ptx::mbarrier_wait(full + s, static_cast<unsigned>(step / kStages) % 2);
          }
          const auto* const box = reinterpret_cast<const float*>(arena + s * kBoxBytes);
          for (int row = 0; row < kBoxRows; ++row) {
            const auto got = Ptx::load_shared<float>(box + row * kBoxCols + Ptx::lane() % kBoxCols);
            EXPECT_EQ(got,
                      static_cast<float>((step * kBoxRows + row) * 100 + Ptx::lane() % kBoxCols));
          }
          Ptx::syncwarp();
          if (Ptx::lane() == 0) {
            if (omit != Omit::arrival_of_a_wave || Ptx::wave() == 1) {
              Ptx::mbarrier_arrive(empty + s);
            }
          }
        }
      });
}

TEST(Mbarrier, RingOfProducerAndConsumers) { EXPECT_NO_THROW(ring(Omit::nothing)); }

TEST(MbarrierFaults, ConsumerDoesNotWait) {
  EXPECT_THAT([] { ring(Omit::wait_for_full); },
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("load_shared 4 bytes"),
                        AnyOf(HasSubstr("touches what is under way, started by wave 0, lane 0 by "
                                        "tma_load (tests/emulator/mbarrier_test.cpp:"),
                              HasSubstr("reads shared memory that nothing wrote")))));
}

TEST(MbarrierFaults, ProducerDoesNotWait) {
  EXPECT_THAT([] { ring(Omit::wait_for_empty); },
              ThrowsMessage<Fault>(AnyOf(HasSubstr("wave 0, lane 0: tma_load"),
                                         HasSubstr("has all its 1 arrivals already"))));
}

TEST(MbarrierFaults, ProducerWaitsForOneOfTwoConsumers) {
  EXPECT_THAT([] { ring(Omit::arrival_of_a_wave); },
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 0, lane 0: tma_load"),
                                         HasSubstr("overwrites what was read by wave 2, lane"))));
}

TEST(MbarrierFaults, BytesThatNobodyExpects) {
  EXPECT_THAT([] { ring(Omit::expected_bytes); },
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("wave 0, lane 0: tma_load"),
                        HasSubstr("phase 0 of the mbarrier at offset 1024 gets 16 bytes more"))));
}

TEST(MbarrierFaults, InitWithoutFence) {
  EXPECT_THAT([] { ring(Omit::fence_init); },
              ThrowsMessage<Fault>(HasSubstr("initialised without mbarrier_fence_init")));
}

TEST(MbarrierFaults, InitWithoutBarrier) {
  EXPECT_THAT([] { ring(Omit::barrier_after_init); },
              ThrowsMessage<Fault>(AnyOf(HasSubstr("was initialised by wave 0, lane 0 with no"),
                                         HasSubstr("no mbarrier was initialised"))));
}

template <class F>
auto with_mbarrier(unsigned arrivals, F f) {
  return [=] {
    run({.shared_bytes = 1024}, [=](unsigned char* arena) {
      auto* const b = reinterpret_cast<std::uint64_t*>(arena);
      if (Ptx::lane() == 0) {
        Ptx::mbarrier_init(b, arrivals);
        Ptx::mbarrier_fence_init();
      }
      Ptx::syncwarp();
      f(b);
    });
  };
}

TEST(MbarrierFaults, MissingArrivalIsADeadlock) {
  EXPECT_THAT(with_mbarrier(32,
                            [](std::uint64_t* b) {
                              if (Ptx::lane() != 4) Ptx::mbarrier_arrive(b);
                              Ptx::mbarrier_wait(b, 0);
                            }),
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("block 0 is deadlocked"),
                        HasSubstr("32 of 32 lanes, wave 0 lane 0 first, wait for the mbarrier at "
                                  "offset 0, mbarrier_wait (tests/emulator/mbarrier_test.cpp:"),
                        HasSubstr("phase 0 lacks 1 of 32 arrivals and 0 bytes"))));
}

TEST(MbarrierFaults, MissingBytesAreADeadlock) {
  EXPECT_THAT(with_mbarrier(1,
                            [](std::uint64_t* b) {
                              if (Ptx::lane() == 0) Ptx::mbarrier_arrive_expect(b, 512);
                              Ptx::mbarrier_wait(b, 0);
                            }),
              ThrowsMessage<Fault>(HasSubstr("lacks 0 of 1 arrivals and 512 bytes, 0 under way")));
}

TEST(MbarrierFaults, TooManyArrivals) {
  EXPECT_THAT(with_mbarrier(1,
                            [](std::uint64_t* b) {
                              if (Ptx::lane() == 0) Ptx::mbarrier_arrive_expect(b, 512);
                              Ptx::syncwarp();
                              if (Ptx::lane() == 1) Ptx::mbarrier_arrive(b);
                            }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("lane 1: mbarrier_arrive"),
                                         HasSubstr("has all its 1 arrivals already"))));
}

TEST(MbarrierFaults, UsesThatAreNone) {
  EXPECT_THAT(with_mbarrier(1, [](std::uint64_t* b) { Ptx::mbarrier_arrive(b + 1); }),
              ThrowsMessage<Fault>(HasSubstr("no mbarrier was initialised at offset 8")));
  EXPECT_THAT(with_mbarrier(1, [](std::uint64_t* b) { Ptx::store_shared(b, 1); }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("store_shared 4 bytes"),
                                         HasSubstr("touches the mbarrier of wave 0, lane 0"))));
  EXPECT_THAT(with_mbarrier(1,
                            [](std::uint64_t* b) {
                              if (Ptx::lane() == 0) Ptx::mbarrier_init(b, 1);
                            }),
              ThrowsMessage<Fault>(HasSubstr("an mbarrier lives at offset 0 already")));
  EXPECT_THAT(with_mbarrier(1, [](std::uint64_t* b) { Ptx::mbarrier_wait(b, 2); }),
              ThrowsMessage<Fault>(HasSubstr("parity 2: 0 or 1")));
}

// One box at a corner of the matrix, and where each element lies.
template <class F>
void load_box(const Matrix& matrix, int row, int col, F expect) {
  const unsigned bytes = static_cast<unsigned>(box_bytes(matrix.map));
  run({.shared_bytes = 2048}, [&](unsigned char* arena) {
    auto* const b = reinterpret_cast<std::uint64_t*>(arena + 1024);
    if (Ptx::lane() == 0) {
      Ptx::mbarrier_init(b, 1);
      Ptx::mbarrier_fence_init();
      Ptx::mbarrier_arrive_expect(b, bytes);
      Ptx::tma_load<2>(arena, &matrix.map, b, {col, row});
    }
    Ptx::syncwarp();
    Ptx::mbarrier_wait(b, 0);
    expect(reinterpret_cast<const float*>(arena));
  });
}

TEST(Tma, ElementsOutsideAreZero) {
  const Matrix matrix;
  load_box(matrix, kRows - 3, kCols - 5, [](const float* box) {
    for (int r = 0; r < kBoxRows; ++r) {
      for (int c = 0; c < kBoxCols; ++c) {
        const float inside = static_cast<float>((kRows - 3 + r) * 100 + kCols - 5 + c);
        EXPECT_EQ(Ptx::load_shared<float>(box + r * kBoxCols + c), r < 3 && c < 5 ? inside : 0);
      }
    }
  });
  load_box(matrix, -2, -4, [](const float* box) {
    EXPECT_EQ(Ptx::load_shared<float>(box + 2 * kBoxCols + 4), 0.0f);
    EXPECT_EQ(Ptx::load_shared<float>(box + 3 * kBoxCols + 5), 101.0f);
    EXPECT_EQ(Ptx::load_shared<float>(box + kBoxCols + 5), 0.0f);
  });
}

// Rows of 64 bytes, 64-byte swizzle: two rows share 128 bytes, and the four units of both are
// permuted by the number of that pair.
TEST(Tma, Swizzle64) {
  load_box(Matrix(Swizzle::b64), 0, 0, [](const float* box) {
    for (int r = 0; r < kBoxRows; ++r) {
      for (int unit = 0; unit < 4; ++unit) {
        const int stored = unit ^ r / 2 % 4;
        EXPECT_EQ(Ptx::load_shared<float>(box + r * 16 + stored * 4),
                  static_cast<float>(100 * r + 4 * unit));
      }
    }
  });
}

// Rows of 32 bytes: four share 128 bytes, and their units change places in every other four.
TEST(Tma, Swizzle32) {
  load_box(Matrix(Swizzle::b32, 8), 0, 0, [](const float* box) {
    for (int r = 0; r < kBoxRows; ++r) {
      for (int unit = 0; unit < 2; ++unit) {
        EXPECT_EQ(Ptx::load_shared<float>(box + r * 8 + (unit ^ r / 4 % 2) * 4),
                  static_cast<float>(100 * r + 4 * unit));
      }
    }
  });
}

TEST(TmaFaults, DestinationAndSource) {
  const Matrix matrix;
  const auto load = [&](int to, int rank_of_known) {
    return [&matrix, to, rank_of_known] {
      const GlobalMemory known(matrix.values.data(), static_cast<std::size_t>(rank_of_known));
      run({.shared_bytes = 1024}, [&](unsigned char* arena) {
        if (Ptx::lane() != 0) return;
        auto* const b = reinterpret_cast<std::uint64_t*>(arena + 1016);
        Ptx::mbarrier_init(b, 1);
        Ptx::mbarrier_fence_init();
        Ptx::tma_load<2>(arena + to, &matrix.map, b, {0, 8});
      });
    };
  };
  EXPECT_THAT(load(64, 1 << 20), ThrowsMessage<Fault>(HasSubstr("not a multiple of 128")));
  EXPECT_THAT(load(640, 1 << 20),
              ThrowsMessage<Fault>(HasSubstr("512 bytes at offset 640 of 1024")));
  EXPECT_THAT(load(0, 100), ThrowsMessage<Fault>(HasSubstr("outside every allocation")));
  EXPECT_THAT(
      load(0, 1 << 20),
      ThrowsMessage<Fault>(HasSubstr("the block ends while the load to offset 0 is under")));
}

TEST(TensorMap, RefusesWhatTheDriverRefuses) {
  alignas(16) static float data[64];
  const auto make = [&](const float* p, std::uint64_t stride, std::uint32_t box, Swizzle s) {
    return Ptx::make_tensor_map<float, 2>(p, {8, 8}, {4, stride}, {box, 8}, s);
  };
  EXPECT_NO_THROW(make(data, 32, 8, Swizzle::b32));
  EXPECT_THROW(make(data + 1, 32, 8, Swizzle::none), std::invalid_argument);
  EXPECT_THROW(make(data, 36, 8, Swizzle::none), std::invalid_argument);
  EXPECT_THROW(make(data, 32, 6, Swizzle::none), std::invalid_argument);
  EXPECT_THROW(make(data, 32, 260, Swizzle::none), std::invalid_argument);
  EXPECT_THROW(make(data, 32, 16, Swizzle::b32), std::invalid_argument);
  alignas(16) static e4m3 codes[256];
  const auto of_codes = [&](std::uint32_t box) {
    return Ptx::make_tensor_map<e4m3, 2>(codes, {32, 8}, {1, 32}, {box, 8}, Swizzle::b128);
  };
  EXPECT_EQ(box_bytes(of_codes(128)), 1024u);
  EXPECT_THROW(of_codes(120), std::invalid_argument);
  EXPECT_THROW(of_codes(144), std::invalid_argument);
}

}  // namespace
}  // namespace moat::emulator
