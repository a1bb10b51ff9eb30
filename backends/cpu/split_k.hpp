// SPDX-License-Identifier: Apache-2.0
// Results whose sums over k could be shared. Workers take whole sums: tiles are made as many as
// they are, and cores read their operands through caches of their own.
#pragma once

#include <cstdint>

#include "problems/tensor.hpp"

namespace moat::cpu {

template <class T>
struct SplitK {
  Tensor<T> c;
  int steps;

  // Of a tile: all of its steps.
  struct Part {
    static constexpr int first_step = 0;

    int row;
    int col;
    int steps;
  };

  // Tiles of at most m × n, on the host.
  template <int kM, int kN>
  std::int64_t parts() const {
    return std::int64_t{ceil_div(c.rows, kM)} * ceil_div(c.cols, kN);
  }
};

}  // namespace moat::cpu
