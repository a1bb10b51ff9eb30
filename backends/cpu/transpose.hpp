// SPDX-License-Identifier: Apache-2.0
// Moves between matrices whose rows are contiguous and vectors whose lanes are rows.
//
// Both work on pieces of four columns: a vector of L lanes is made of L/4 pieces, each from another
// row, and the 4 × 4 elements of every piece are then transposed within 128-bit blocks.
#pragma once

#include "backends/cpu/convert.hpp"

namespace moat::cpu {

inline constexpr int kPiece = 4;

// Pieces of a row that are moved at once: their vectors fit half of the registers.
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
inline constexpr int kGroups = 4;
#else
inline constexpr int kGroups = 2;
#endif

// Vector whose piece q is p[q · stride] … p[q · stride + 3].
template <class D, class U>
HWY_INLINE hn::Vec<D> gather_pieces(D d, const U* p, std::int64_t stride) {
  constexpr int kPieces = static_cast<int>(hn::MaxLanes(D{})) / kPiece;
  if constexpr (kPieces == 1) {
    return hn::LoadU(d, p);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, gather_pieces(half, p + kPieces / 2 * stride, stride),
                       gather_pieces(half, p, stride));
  }
}

template <class D, class U>
HWY_INLINE void scatter_pieces(D, hn::Vec<D> x, U* p, std::int64_t stride) {
  constexpr int kPieces = static_cast<int>(hn::MaxLanes(D{})) / kPiece;
  if constexpr (kPieces == 1) {
    hn::StoreU(x, D{}, p);
  } else {
    const hn::Half<D> half;
    scatter_pieces(half, hn::LowerHalf(half, x), p, stride);
    scatter_pieces(half, hn::UpperHalf(half, x), p + kPieces / 2 * stride, stride);
  }
}

// Transposes the 4 × 4 elements that block b of x[0] … x[3] holds, for every block.
template <class D>
HWY_INLINE void transpose_blocks(D d, hn::Vec<D> (&x)[kPiece]) {
  const hn::RepartitionToWide<hn::RebindToUnsigned<D>> pairs;
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, x[0], x[1]));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, x[0], x[1]));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, x[2], x[3]));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, x[2], x[3]));
  x[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
  x[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
  x[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
  x[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
}

// 4 · kGroups columns of as many rows as D has lanes: x[g][c] holds column 4g + c, lane r is row r.
// Takes from each row all it needs before it moves on: rows whose stride is a power of two share
// few sets of the first cache, which would lose them between two visits.
template <class D, class T, int kGroups>
HWY_INLINE void load_columns(D d, const T* p, std::int64_t stride,
                             hn::Vec<D> (&x)[kGroups][kPiece]) {
  const hn::Rebind<Storage<T>, D> stored;
  const auto* from = reinterpret_cast<const Storage<T>*>(p);
  unroll<kPiece>([&](auto r) __attribute__((always_inline)) {
    unroll<kGroups>([&](auto g) __attribute__((always_inline)) {
      x[g][r] = widen<T>(d, gather_pieces(stored, from + g * kPiece + r * stride, kPiece * stride));
    });
  });
  unroll<kGroups>([&](auto g) { transpose_blocks(d, x[g]); });
}

// The inverse of load_columns; x is destroyed.
template <class D, class T, int kGroups>
HWY_INLINE void store_columns(D d, hn::Vec<D> (&x)[kGroups][kPiece], T* p, std::int64_t stride) {
  const hn::Rebind<Storage<T>, D> stored;
  auto* to = reinterpret_cast<Storage<T>*>(p);
  unroll<kGroups>([&](auto g) { transpose_blocks(d, x[g]); });
  unroll<kPiece>([&](auto r) __attribute__((always_inline)) {
    unroll<kGroups>([&](auto g) __attribute__((always_inline)) {
      scatter_pieces(stored, narrow<T>(d, x[g][r]), to + g * kPiece + r * stride, kPiece * stride);
    });
  });
}

}  // namespace moat::cpu
