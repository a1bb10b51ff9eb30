// SPDX-License-Identifier: Apache-2.0
// The difference of two sequences of hashes, by libgit2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moat {

// Elements [a, a + a_count) of the first are replaced by [b, b + b_count) of the second; one of the
// counts may be 0. What lies between two hunks is equal.
struct Hunk {
  std::size_t a = 0;
  std::size_t a_count = 0;
  std::size_t b = 0;
  std::size_t b_count = 0;
};

// Ascending hunks. Minimal (Myers) for sequences that differ in at most a few thousand elements;
// longer ones by libgit2's heuristics, whose hunks may be larger than needed.
std::vector<Hunk> diff_sequences(std::span<const std::uint64_t> a,
                                 std::span<const std::uint64_t> b);

// A pair of equal elements, by index.
struct Match {
  std::size_t a = 0;
  std::size_t b = 0;
};

// What the hunks leave, in order.
std::vector<Match> matches_of(const std::vector<Hunk>& hunks, std::size_t a_size);

}  // namespace moat
