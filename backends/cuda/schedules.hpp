// Tile sizes and block shapes on NVIDIA GPUs, per kernel and element type.
#pragma once

#include <type_traits>

#include "backends/simt/schedule.hpp"
#include "kernels/problem.hpp"

namespace moat::cuda {

struct Sm80Schedules {
  // A step of k is 64 bytes of a row. Few rows leave the grid to the columns; few tiles are made
  // smaller, so that more multiprocessors get one.
  template <class T, class F>
  static void gemm(const GemmProblem& p, F f) {
    constexpr int k = 64 / sizeof(T);
    constexpr std::int64_t kFewTiles = 256;
    if (p.m <= 16) {
      f(Type<simt::TileSchedule<T, 16, 64, 2 * k, 1, 4, 4>>{});
    } else if (std::int64_t{ceil_div(p.m, 128)} * ceil_div(p.n, 64) < kFewTiles) {
      f(Type<simt::TileSchedule<T, 64, 64, k, 2, 2, 4>>{});
    } else {
      f(Type<simt::TileSchedule<T, 128, 64, k, 2, 2, 2>>{});
    }
  }

  // One query per head: a wave per block, and many blocks; f32 needs two for the registers that
  // loads pass through.
  template <class T, int kHeadDim, class F>
  static void attention(const AttentionProblem& p, F f) {
    if (p.q_len == 1) {
      constexpr int kWarps = sizeof(T) / 2;
      f(Type<simt::TileSchedule<T, 8 * kWarps, 16, 0, kWarps, 1, 4>>{});
    } else {
      f(Type<simt::TileSchedule<T, 64, 32, 0, 4, 1, 2>>{});
    }
  }

  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<simt::FlatSchedule<8, 4>>{});
  }

  template <class T, class F>
  static void rows(int cols, F f) {
    if (cols <= 1024) {
      f(Type<simt::FlatSchedule<1, 16>>{});
    } else {
      f(Type<simt::FlatSchedule<8, 4>>{});
    }
  }
};

struct Sm90aSchedules : Sm80Schedules {};

}  // namespace moat::cuda
