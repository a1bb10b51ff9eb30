// SPDX-License-Identifier: Apache-2.0
// The vocabulary in which kernels are written: what one block does with tiles of its operands.
//
// A block is whatever a backend runs in parallel with others: a CPU's worker thread, a GPU's thread
// block. A kernel is written against a type B that provides the operations below; lanes, waves
// and vector widths are the backend's. Lambdas passed to element-wise operations take `auto`: a
// float on a GPU, a vector of floats on a CPU. All of a block's lanes call every operation.
#pragma once

#include <concepts>
#include <cstdint>

#include "problems/dtype.hpp"
#include "problems/summation.hpp"
#include "problems/tensor.hpp"

namespace moat {

// Any function, for the concepts; not every compiler takes a lambda there.
struct Ignore {
  template <class... Args>
  MOAT_FN void operator()(const Args&...) const {}
};

// Operands in fast memory, typed by what they hold:
//   B::Left<T, m, k>           panel of a left operand
//   B::Right<T, k, n, order>   panel of a right operand; `order` is how its source is stored
//   Panel::Source              where a panel is loaded from, as the backend's loads want it
//   Panel::bind(Tensor<const T>) → Source      on the host; a transposed Right binds the n × k
//                                              matrix that is stored
//   Right::bind(Tensor<const T>, rows) → Source    likewise, for a left tensor whose row r meets
//   the
//                                              head r / rows after the coordinate's; where the
//                                              schedule's all_heads is false, r / rows is 0
//   block.load(panel, source, Coord)   fills a panel; the coordinate is the logical one (row of m
//                                      or k, column of k or n) and what lies outside reads as 0
//
// Work:
//   block.tiles<m, n>(rows, cols, f(row, col))  the output tiles that fall to this block
//   block.items(count, f(int))                  the items of 0 … count that fall to this block
//   block.once(f)                               one lane runs f
//   block.last_arrival(counter, f)              the block that arrives last runs f, and sees all
//                                               that the others stored; leaves the counter at 0
//
// Pipelines. Producing and consuming are two roles, which may run at once or in turn. What a
// consumer accumulates lives inside its role. All waiting is the pipeline's.
//   block.pipeline<Stage>(steps, produce(stage, step), consume(stages))
//       where stages.for_each(f(stage)) visits the steps in order
//   block.attend<Q, K, V, m, n>(keys, load_q(q), load_k(k, step), load_v(v, step),
//                               consume(q, stages))
//       where stages.for_each(scores(s, k), weights(s, step) → p, values(p, v)) runs, for each
//       step of n keys, scores into a zeroed m × n accumulator s, then weights, then values; the
//       scores of the next step may run before the values of this one. The last step may leave out
//       the columns of s that lie beyond the number of keys, or some of them
//
// Accumulators are m × n tiles of f32, rows are one f32 per row of a tile:
//   block.zeros<m, n>()                  an accumulator of zeros
//   block.mma(acc, left, right)          acc += left · right
//   block.store(Tensor, Coord, acc)      rounded to the tensor's type; masked at its edges
//   block.map_indexed(acc, f(x, row, col))   x ← f; row and col are one int or several, in the tile
//   block.map_rows(acc, rows, f(x, r))   x ← f(x, value of its row)
//   block.row_max(acc), row_sum(acc)     rows
//   block.as_operand<T>(acc)             a left operand of the next product, rounded to T or kept
//                                        in f32; valid as long as acc is unchanged
//   block.rows<m>(value)                 rows with one value
//   block.map(rows, f), zip(rows, rows, f)   element-wise, as new rows
//   block.store_rows(Tensor, Coord, rows)    column 0 of the tensor from the coordinate's row on
//
// Memory without tiles:
//   block.reduce(monoid, const T* x, int count)     state of all elements, same in all lanes
//   block.terms(monoid, const T* x, int count, f(x))    the terms f(x): `state` is what reduce
//   gives
//                                 for them, at(position of each) are terms, kept or computed anew
//   block.collect(monoid, int count, f(int) → state)    merge of f(0) … f(count − 1), likewise
//   block.each(count, f(at))      visits 0 … count in the widest pieces: at.load(const U*) and
//                                 at.store(U*, x) move the elements at this position,
//                                 at.fill(float) makes a constant
// `reduce` calls monoid.fold at least every kFoldInterval additions of a lane.
//
// Values: B::exp2, B::log2, B::rsqrt, B::max, B::min, B::select(condition, a, b).
//
// tests/backends/archetype is this vocabulary and nothing beyond it, as plain loops.
template <class B>
concept Block = requires(B& block, const float* x, float v, int n, Ignore f) {
  block.items(n, f);
  block.once(f);
  block.each(n, f);
  { B::exp2(v) } -> std::same_as<float>;
  { B::log2(v) } -> std::same_as<float>;
  { B::rsqrt(v) } -> std::same_as<float>;
  { B::max(v, v) } -> std::same_as<float>;
  { B::min(n, n) } -> std::same_as<int>;
  { B::select(v > 0, v, v) } -> std::same_as<float>;
};

// Schedules: what a kernel asks of the type S that a backend's table chooses for a problem. What a
// backend adds for itself, kernels do not see.
//
// Tiles of m × n; products of matrices take steps of k.
template <class S>
concept ProductSchedule = requires {
  { S::m } -> std::same_as<const int&>;
  { S::n } -> std::same_as<const int&>;
  { S::k } -> std::same_as<const int&>;
};

// m query rows and n keys a step. `all_heads`: the single queries of all heads are rows of one
// tile, which meet their heads as Right::bind says; else a tile holds rows that share a key head.
template <class S>
concept AttentionSchedule = requires {
  { S::m } -> std::same_as<const int&>;
  { S::n } -> std::same_as<const int&>;
  { S::all_heads } -> std::same_as<const bool&>;
};

// `chains`: how many dependent computations a value of `each` runs at once without leaving the
// registers.
template <class S>
concept StreamSchedule = requires {
  { S::chains } -> std::same_as<const int&>;
};

}  // namespace moat
