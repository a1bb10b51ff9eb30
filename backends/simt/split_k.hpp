// SPDX-License-Identifier: Apache-2.0
// Results whose sums over k blocks share (split-K), and into how many parts. Plain C++: the runtime
// compiles it without a device compiler.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "backends/simt/schedule.hpp"
#include "problems/tensor.hpp"

namespace moat::simt {

// A matrix of sums over `steps` steps of k, in parts of `each` of them. With several every part of
// a tile leaves its sums in `sums`, kM × kN floats for each tile of the first part, of the second,
// …, in the order of the waves' registers; of each wave of a tile, the one that arrives last adds
// up those of all parts in their order.
template <class T>
struct SplitK {
  Tensor<T> c;
  int steps;
  int each;
  // Null with one part. Counters of arrivals stand before it, the first one last: one for each
  // wave of each tile, 0 between launches.
  float* sums;

  // `steps` steps of a tile's sums from `first_step` on, and what its results need of the matrix,
  // as Atoms::aside keeps it.
  struct Part {
    int row;
    int col;
    int first_step;
    int steps;
    Tensor<T> c;
    float* sums;
  };

  MOAT_SHARED_FN int splits() const { return ceil_div(steps, each); }

  // Of all tiles of m × n, on the host.
  template <int kM, int kN>
  std::int64_t parts() const {
    return std::int64_t{ceil_div(c.rows, kM)} * ceil_div(c.cols, kN) * splits();
  }
};

// What of a product the number of splits depends on.
struct SplitShape {
  std::int64_t tiles;
  int steps;   // of k
  int grain;   // a part is a multiple of so many steps, or what is left
  int beside;  // blocks that a unit runs at once
  // Bytes of a tile's sums, a multiple of those that a step loads, in quarters.
  int sum_quarters;
};

// What a product takes with so many splits, in quarters of a step, by a model: the parts of one
// unit follow each other, and where blocks run beside each other only the first loads of as many
// are not hidden, two steps. To share a sum takes each part its bytes to write and four steps for
// two round trips to memory: sums before their arrival is told, and the arrival before the others'
// sums are read. Of each tile one block reads those of all parts, half a step at least for each.
constexpr std::int64_t split_k_cost(const SplitShape& p, int units, int splits) {
  const int each = ceil_div(ceil_div(p.steps, p.grain), splits) * p.grain;
  const std::int64_t parts = ceil_div(p.tiles * ceil_div(p.steps, each), std::int64_t{units});
  const auto waits = [&](std::int64_t blocks) { return ceil_div(blocks, std::int64_t{p.beside}); };
  const std::int64_t alone = parts * 4 * each + waits(parts) * 8;
  if (splits == 1) return alone;
  const std::int64_t read = std::int64_t{splits} * std::max(p.sum_quarters, 2);
  return alone + waits(parts) * (16 + p.sum_quarters) +
         waits(ceil_div(p.tiles, std::int64_t{units})) * read;
}

// Steps of a part: as many as the model above finds fastest, with up to four parts a unit or, of
// more tiles, a tile, if that saves a sixteenth, which the model may be wrong by. With six
// tiles a unit or more, the last round leaves a seventh of the units' time unused at most.
constexpr int steps_per_part(const SplitShape& p, int units) {
  if (p.steps == 0 || p.tiles >= 6 * std::int64_t{units}) return p.steps;
  const int grains = ceil_div(p.steps, p.grain);
  const std::int64_t whole = split_k_cost(p, units, 1);
  int best = p.steps;
  std::int64_t least = whole;
  const std::int64_t most =
      std::max<std::int64_t>(4 * std::int64_t{units} / std::max<std::int64_t>(p.tiles, 1), 4);
  for (int splits = 2; splits <= std::min<std::int64_t>(most, grains); ++splits) {
    const std::int64_t cost = split_k_cost(p, units, splits);
    if (cost < least) {
      best = ceil_div(grains, splits) * p.grain;
      least = cost;
    }
  }
  return 16 * least <= 15 * whole ? best : p.steps;
}

// Of an element that a step loads: what is multiplied, where that is a type of values, or T.
template <class Operand, class T>
constexpr std::int64_t loaded_bytes() {
  if constexpr (requires { sizeof(Operand); }) return std::min(sizeof(Operand), sizeof(T));
  return sizeof(T);
}

template <BlockSchedule S, class T>
SplitShape split_shape(const Tensor<T>& c, int steps, int grain) {
  constexpr std::int64_t kSums = std::int64_t{4} * S::m * S::n;
  constexpr std::int64_t kLoads = loaded_bytes<typename S::Operand, T>() * (S::m + S::n) * S::k;
  return {.tiles = std::int64_t{ceil_div(c.rows, S::m)} * ceil_div(c.cols, S::n),
          .steps = steps,
          .grain = grain,
          .beside = kBlocksBeside<S>,
          .sum_quarters = static_cast<int>(ceil_div(4 * kSums, kLoads))};
}

// The matrix with parts of `each` steps, and memory of `queue`, a simt::Queue, for them.
template <BlockSchedule S, class Queue, class T>
SplitK<T> share_k(Queue& queue, const Tensor<T>& c, int steps, int each) {
  // Without any step of k the sums are 0: those of one that lies beyond it.
  SplitK<T> to{.c = c, .steps = std::max(steps, 1), .each = std::max(each, 1), .sums = nullptr};
  if (to.splits() > 1) {
    const auto parts = static_cast<std::size_t>(to.template parts<S::m, S::n>());
    to.sums = queue.shared_sums(parts / to.splits() * S::kWarps, parts * S::m * S::n);
  }
  return to;
}

}  // namespace moat::simt
