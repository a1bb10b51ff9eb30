// Tile sizes and block shapes on AMD GPUs, per kernel and element type. A compute unit has 64 KiB
// of fast memory (LDS).
#pragma once

#include <type_traits>

#include "backends/simt/schedule.hpp"
#include "kernels/problem.hpp"

namespace moat::hip {

struct PlainSchedules {
  // A step of k is 32 bytes of a row, so that two blocks fit a compute unit.
  template <class T, class F>
  static void gemm(const GemmProblem& p, F f) {
    constexpr int k = 32 / sizeof(T);
    constexpr std::int64_t kFewTiles = 256;
    if (p.m <= 16) {
      f(Type<simt::TileSchedule<T, 16, 64, 4 * k, 1, 4, 2>>{});
    } else if (std::int64_t{ceil_div(p.m, 128)} * ceil_div(p.n, 64) < kFewTiles) {
      f(Type<simt::TileSchedule<T, 64, 64, k, 2, 2, 2>>{});
    } else {
      f(Type<simt::TileSchedule<T, 128, 64, k, 2, 2, 2>>{});
    }
  }

  // One query per head: a wave per block, and many blocks; f32 needs two for the registers that
  // loads pass through. Long f32 rows leave room for fewer queries and keys.
  template <class T, int kHeadDim, class F>
  static void attention(const AttentionProblem& p, F f) {
    constexpr bool kLong = kHeadDim * sizeof(T) > 256;
    if (p.q_len == 1) {
      constexpr int kWarps = sizeof(T) / 2;
      f(Type<simt::TileSchedule<T, 16 * kWarps, 16, 0, kWarps, 1, 1>>{});
    } else {
      f(Type<simt::TileSchedule<T, kLong ? 64 : 128, kLong ? 16 : 32, 0, 4, 1, 1>>{});
    }
  }

  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<simt::FlatSchedule<4, 4>>{});
  }

  template <class T, class F>
  static void rows(int cols, F f) {
    if (cols <= 1024) {
      f(Type<simt::FlatSchedule<1, 4>>{});
    } else {
      f(Type<simt::FlatSchedule<4, 4>>{});
    }
  }
};

struct CdnaSchedules : PlainSchedules {};

struct Rdna3Schedules : PlainSchedules {};

}  // namespace moat::hip
