// SPDX-License-Identifier: Apache-2.0
// Sums of a tile whose parts several blocks have (backends/simt/split_k.hpp).
#pragma once

#include <cstdint>

#include "backends/simt/accumulator.hpp"
#include "backends/simt/split_k.hpp"

namespace moat::simt {

// Leaves the sums of a part for others. In the wave that arrives last of those with the same rows
// and columns, acc becomes the sum of all parts, added in their order; whether this is that one.
// All lanes of a wave.
template <class T, class Tiling, int kM, int kN>
MOAT_FN bool share_sums(const SplitK<T>& to, const typename SplitK<T>::Part& part,
                        Accumulator<Tiling, kM, kN>& acc) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Atoms = typename Tiling::Atoms;
  constexpr int kRegisters = Acc::Matrix::Acc::kRegisters;
  constexpr int kWaves = Tiling::kWavesM * Tiling::kWavesN;
  constexpr int kPieceFloats = 4;
  constexpr int kPieces = kRegisters / kPieceFloats;
  static_assert(kRegisters % kPieceFloats == 0, "sums are passed on in pieces of four registers");
  using Piece = Words<4 * kPieceFloats>;
  const int lane = Atoms::lane();
  const int wave = Atoms::wave();
  const int across = ceil_div(Atoms::opaque(part.c.cols), kN);
  const int tile = Atoms::opaque(part.row) / kM * across + part.col / kN;
  const std::int64_t part_floats =
      std::int64_t{ceil_div(Atoms::opaque(part.c.rows), kM)} * across * (kM * kN);
  // This wave's sums in the first part, and a lane's piece of them: neighbouring lanes' are
  // neighbours.
  float* const first_part =
      part.sums + std::int64_t{tile} * (kM * kN) + wave * (kM * kN / kWaves) + lane * kPieceFloats;
  const auto for_each_piece = [&](auto f) {
    MOAT_UNROLL
    for (int i = 0; i < Acc::kRowAtoms; ++i) {
      MOAT_UNROLL
      for (int j = 0; j < Acc::kColAtoms; ++j) {
        unroll<kPieces>([&](auto piece) {
          f(acc.values[i][j], piece * kPieceFloats,
            ((i * Acc::kColAtoms + j) * kPieces + piece) * (Atoms::kWaveWidth * kPieceFloats));
        });
      }
    }
  };

  float* const own = first_part + Atoms::opaque(part.first_step) / to.each * part_floats;
  for_each_piece([&](const auto& x, int first, int at) {
    Vec<float, kPieceFloats> piece;
    MOAT_UNROLL
    for (int e = 0; e < kPieceFloats; ++e) piece.values[e] = x[first + e];
    Atoms::store_global(own + at, __builtin_bit_cast(Piece, piece));
  });
  Atoms::fence();
  Atoms::syncwarp();
  auto* const arrived = reinterpret_cast<unsigned*>(part.sums) - 1 - (tile * kWaves + wave);
  int before = 0;
  if (lane == 0) before = static_cast<int>(Atoms::atomic_add(arrived, 1u));
  const int splits = ceil_div(Atoms::opaque(to.steps), to.each);
  if (Atoms::shuffle(before, 0) + 1 != splits) return false;
  if (lane == 0) Atoms::store_global(arrived, 0u);
  Atoms::fence();
  Atoms::syncwarp();
  acc.clear();
  const float* sums = first_part;
  // Parts of a small tile are read several at once.
  constexpr int kAtOnce = Acc::kRowAtoms * Acc::kColAtoms * kPieces <= 4 ? 4 : 1;
  MOAT_UNROLL_BY(kAtOnce)
  for (int p = 0; p < splits; ++p, sums += part_floats) {
    for_each_piece([&](auto& x, int first, int at) {
      const auto piece = __builtin_bit_cast(Vec<float, kPieceFloats>,
                                            Atoms::template load_global<Piece>(sums + at));
      MOAT_UNROLL
      for (int e = 0; e < kPieceFloats; ++e) x[first + e] += piece.values[e];
    });
  }
  return true;
}

}  // namespace moat::simt
