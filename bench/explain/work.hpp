// SPDX-License-Identifier: Apache-2.0
// What each of a case's launches has to do, from the problem and from the launches' tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/plan.hpp"

namespace moat::explain {

struct LaunchWork {
  double flops = 0;         // of the problem's products
  double tile_flops = 0;    // with what lies beyond the problem's edges; 0: not known
  double memory_bytes = 0;  // each operand once, and partial results
  double cache_bytes = 0;   // that blocks read of operands, each tile for itself; 0: not known
  std::int64_t items = 0;   // that have work
  std::vector<std::int64_t> steps{};  // of each item, in the order they are taken up; empty: alike
  bool dealt = false;  // to the units in turn, before they start: else each to the first free one
};

// Which of the launches, at least one, solves the problem: the first that multiplies, else the
// last. The others prepare or merge.
std::size_t main_launch(const std::vector<PlannedLaunch>& launches);

// Inputs are read by the main launch, outputs written by the last one. A workspace is written once
// and read once by a launch behind it, or by the same where blocks share sums over k.
//
// Edges and reads from the cache are known of products of matrices and of attention, and of grouped
// products in one launch. Of attention over pages and of the indexer only FLOPs and memory are.
std::vector<LaunchWork> work_of(const Problem& problem, const std::vector<PlannedLaunch>& launches);

}  // namespace moat::explain
