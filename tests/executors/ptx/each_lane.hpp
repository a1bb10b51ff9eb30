// SPDX-License-Identifier: Apache-2.0
// Loops over the lanes of a mask.
#pragma once

#include <bit>

#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

template <class F>
inline void each_lane(u32 mask, F&& f) {
  for (; mask != 0; mask &= mask - 1) f(std::countr_zero(mask));
}

// For what lanes compute independently: all 32 as vectors.
template <class F>
inline void each_lane_wide(u32 mask, F&& f) {
  if (mask == kAllLanes) {
    // No register overlaps another, which Clang is left to find out.
#ifndef __clang__
#pragma GCC ivdep
#endif
    for (int lane = 0; lane < kWarp; ++lane) f(lane);
  } else {
    each_lane(mask, f);
  }
}

}  // namespace moat::ptx
