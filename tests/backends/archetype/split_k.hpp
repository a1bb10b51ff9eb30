// SPDX-License-Identifier: Apache-2.0
// Results whose sums over k blocks share, in the archetype: all sums of the parts are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "problems/tensor.hpp"

namespace moat::archetype {

template <class T>
class SplitK {
 public:
  // Steps of a tile's sums.
  class Part {
   public:
    int row;
    int col;
    int first_step;
    int steps;

   private:
    template <class S>
    friend class Block;
    friend class SplitK;

    Part(int at_row, int at_col, int from, int count, int its_number)
        : row(at_row), col(at_col), first_step(from), steps(count), number(its_number) {}

    int number;  // of the tile's
  };

  // Parts of at most `most` steps.
  SplitK(const Tensor<T>& to, int its_steps, int most) : c(to), steps(its_steps), each(most) {}

  template <int kM, int kN>
  std::int64_t parts() const {
    return std::int64_t{ceil_div(c.rows, kM)} * ceil_div(c.cols, kN) * count();
  }

 private:
  template <class S>
  friend class Block;

  int count() const { return std::max(1, ceil_div(steps, each)); }

  // Adds the sums of all parts in their order, once the last one has come; empty until then.
  std::vector<float> arrive(const Part& part, std::vector<float> sums) const {
    auto& parts = (*arrived)[{part.row, part.col}];
    parts[part.number] = std::move(sums);
    if (static_cast<int>(parts.size()) < count()) return {};
    std::vector<float> all(parts.begin()->second.size());
    for (const auto& [_, of_part] : parts) {
      for (std::size_t i = 0; i < all.size(); ++i) all[i] += of_part[i];
    }
    return all;
  }

  using Tile = std::pair<int, int>;

  Tensor<T> c;
  int steps;
  int each;
  std::shared_ptr<std::map<Tile, std::map<int, std::vector<float>>>> arrived =
      std::make_shared<std::map<Tile, std::map<int, std::vector<float>>>>();
};

}  // namespace moat::archetype
