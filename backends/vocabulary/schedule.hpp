// SPDX-License-Identifier: Apache-2.0
// What a kernel asks of the schedule S that a backend's table chooses for a problem. What a backend
// adds for itself, kernels do not see.
#pragma once

#include <concepts>
#include <limits>

namespace moat {

// Tiles of m × n; products of matrices take steps of k.
template <class S>
concept ProductSchedule = requires {
  { S::m } -> std::same_as<const int&>;
  { S::n } -> std::same_as<const int&>;
  { S::k } -> std::same_as<const int&>;
};

// Groups of so many rows, which one launch of several with schedules of their own takes.
struct RowRange {
  int least = 0;
  int most = std::numeric_limits<int>::max();
};

// The same, where every 128 columns and steps have a scale of their own.
template <class S>
concept ScaledSchedule = ProductSchedule<S> && 128 % S::n == 0 && 128 % S::k == 0;

// m query rows and n keys a step. `all_heads`: the single queries of all heads are rows of one
// tile, which meet their heads as Right::bind says; else a tile holds rows that share a key head.
template <class S>
concept AttentionSchedule = requires {
  { S::m } -> std::same_as<const int&>;
  { S::n } -> std::same_as<const int&>;
  { S::all_heads } -> std::same_as<const bool&>;
};

// The same over pages, with k columns of the values in a tile, which divide them.
template <class S>
concept PagedAttentionSchedule = AttentionSchedule<S> && ProductSchedule<S>;

// m keys and n heads.
template <class S>
concept IndexerSchedule = requires {
  { S::m } -> std::same_as<const int&>;
  { S::n } -> std::same_as<const int&>;
};

// `chains`: how many dependent computations a value of `each` runs at once without leaving the
// registers.
template <class S>
concept StreamSchedule = requires {
  { S::chains } -> std::same_as<const int&>;
};

}  // namespace moat
