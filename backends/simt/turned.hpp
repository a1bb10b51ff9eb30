// SPDX-License-Identifier: Apache-2.0
// Right operands that change their order on the way into shared memory.
#pragma once

#include "backends/simt/fragment.hpp"
#include "backends/simt/panel.hpp"

namespace moat::simt {

// kK × kN that lies row by row in global memory and column by column in shared memory, where a
// fragment reads runs along k. A thread reads patches of some chunks below each other and writes
// the columns of them.
template <class Atoms, class T, int kK, int kN>
struct Turned : Panel<Atoms, T, kN, kK> {
  // As it lies in global memory.
  using Unturned = Right<Atoms, T, kK, kN, Order::row_major>;
  static constexpr int k = kK;
  static constexpr bool kAlongRows = true;

  static constexpr MOAT_SHARED_FN Position stored(Position at) {
    return {.row = at.col, .col = at.row};
  }
};

// Whether a right operand that lies row by row is turned: fragments of Matrix read longer runs
// along k, and the family has neither loads that transpose nor copies that bypass registers.
template <class Atoms, class Matrix>
inline constexpr bool kTurnsRight =
    !CopiesAsynchronously<Atoms> &&
    kWidestRuns<typename Matrix::Right, Atoms::kWaveWidth, 8, true>.width >
        kWidestRuns<typename Matrix::Right, Atoms::kWaveWidth, 8, false>.width;

// How kThreads threads share a turned panel.
template <class P, int kThreads>
struct TurningPatches {
  static constexpr int kRun = [] {
    int run = P::kPerChunk;
    while (run > 1 && run * kThreads > P::kChunks) run /= 2;
    return run;
  }();
  static constexpr int kChunksAcross = P::Unturned::kChunksPerRow;
  static constexpr int kPatchesDown = P::Unturned::kRows / kRun;
  static constexpr int kPatches = kChunksAcross * kPatchesDown;
  static_assert(kPatches % kThreads == 0);
  // Neighbouring threads read as many neighbouring chunks, then the next rows: wide enough for
  // global memory, and what they write at a time are rows of shared memory that share no banks.
  static constexpr int kNeighbours = kChunksAcross < 4 ? kChunksAcross : 4;

  // f(i, row, col) for every patch of a thread; row and col as in global memory.
  template <class F>
  static MOAT_FN void for_each(int thread, F f) {
    MOAT_UNROLL
    for (int i = 0; i < kPatches / kThreads; ++i) {
      const int patch = thread + i * kThreads;
      const int down = patch / kNeighbours % kPatchesDown;
      const int across = patch / (kNeighbours * kPatchesDown) * kNeighbours + patch % kNeighbours;
      f(i, down * kRun, across * P::kPerChunk);
    }
  }
};

template <class P>
concept TurnedPanel = requires { typename P::Unturned; };

// Reads the panel's part at logical coordinate `at` into the registers `staged`, patch by patch.
template <class Atoms, int kThreads, TurnedPanel P>
MOAT_FN void fetch(const P&, Chunk* staged, const typename P::Source& source, const Coord& at,
                   int thread) {
  using Patches = TurningPatches<P, kThreads>;
  fetch_window<Atoms, typename P::Unturned>(source, at, [&](auto load) {
    Patches::for_each(thread, [&](int i, int row, int col) {
      MOAT_UNROLL
      for (int r = 0; r < Patches::kRun; ++r) load(staged[i * Patches::kRun + r], row + r, col);
    });
  });
}

// Writes what `fetch` read into the panel, or reads it now.
template <class Atoms, int kThreads, TurnedPanel P>
MOAT_FN void commit(P& panel, const Chunk* staged, const typename P::Source& source,
                    const Coord& at, int thread) {
  using T = typename P::Value;
  using Patches = TurningPatches<P, kThreads>;
  using Elements = Vec<T, P::kPerChunk>;
  constexpr int kRun = Patches::kRun;
  write_window<Atoms, typename P::Unturned>(staged, source, at, [&](auto chunk) {
    Patches::for_each(thread, [&](int i, int row, int col) {
      Elements rows[kRun];
      MOAT_UNROLL
      for (int r = 0; r < kRun; ++r) {
        rows[r] = __builtin_bit_cast(Elements, chunk(i * kRun + r, row + r, col));
      }
      MOAT_UNROLL
      for (int e = 0; e < P::kPerChunk; ++e) {
        Vec<T, kRun> column;
        MOAT_UNROLL
        for (int r = 0; r < kRun; ++r) column.values[r] = rows[r].values[e];
        Atoms::store_shared(panel.chunk(col + e, row),
                            __builtin_bit_cast(Words<kRun * sizeof(T)>, column));
      }
    });
  });
}

}  // namespace moat::simt
