// SPDX-License-Identifier: Apache-2.0
// The vocabulary in which kernels are written: what one block does with tiles of its operands.
//
// A block is whatever a backend runs in parallel with others: a CPU's worker thread, a GPU's thread
// block. A kernel is written against a type B that provides the operations below; lanes, waves
// and vector widths are the backend's. Lambdas passed to element-wise operations take `auto`: a
// float on a GPU, a vector of floats on a CPU. All of a block's lanes call every operation.
//
// The concepts below the list are what kernels constrain B by: the operations that a kind of kernel
// uses, with its schedule S, its element type T and what it accumulates.
#pragma once

#include "backends/vocabulary/operations.hpp"
#include "backends/vocabulary/schedule.hpp"
#include "problems/summation.hpp"

namespace moat {

// Operands in fast memory, typed by what they hold:
//   B::Left<T, m, k, E = T>    panel of a left operand, whose source holds E: elements, or 8-bit
//                              floats, which become the same numbers in T
//   B::Right<T, k, n, order, E = T>   panel of a right operand; `order` is how its source is
//   stored.
//                              E may be Grouped<C, Scale> where it is transposed: numbers are
//                              scaled then, and rounded to T or kept in f32
//   Panel::Source              where a panel is loaded from, as the backend's loads want it
//   Panel::bind(View<E>) → Source              on the host; a transposed Right binds the n × k
//                                              matrix that is stored
//   Right::bind(Tensor<const T>, rows) → Source    likewise, for a left tensor whose row r meets
//                                              the head r / rows after the coordinate's; where the
//                                              schedule's all_heads is false, r / rows is 0
//   block.load(panel, source, Coord)   fills a panel; the coordinate is the logical one (row of m
//                                      or k, column of k or n) and what lies outside reads as 0
//   block.load_first(rows, panel, source, Coord)   the same of a left panel of which only the first
//                                      `rows` rows are used; the others read as anything
//
// Work:
//   block.tiles<m, n>(rows, cols, f(row, col))  the output tiles that fall to this block
//   block.group_tiles<m, n>(groups, rows(g) → int, cols, f(group, row, col))
//                                               the same of several matrices, of rows(g) rows each,
//                                               0 or more
//   block.items(count, f(int))                  the items of 0 … count that fall to this block
//   block.once(f)                               one lane runs f
//   block.visit(count, f(int))                  f of 0 … count, each by one lane; what follows in
//                                               this block sees what they stored
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
//   block.add_scaled(sum, part, rows, factor)   sum ← sum + part · the value of its row · factor,
//                                        part ← 0
//   block.row_max(acc), row_sum(acc)     rows
//   block.as_operand<T>(acc)             a left operand of the next product, rounded to T or kept
//                                        in f32; valid as long as acc is unchanged
//   block.rows<m>(value)                 rows with one value
//   block.map(rows, f), zip(rows, rows, f)   element-wise, as new rows
//   block.load_rows<m>(Tensor<const float>, Coord)   the column from the coordinate on; 0 beyond it
//   block.store_rows(Tensor, Coord, rows)    column 0 of the tensor from the coordinate's row on
//
// Memory without tiles:
//   block.reduce(monoid, const T* x, int count)     state of all elements, same in all lanes
//   block.terms(monoid, const T* x, int count, f(x))    the terms f(x): `state` is what reduce
//                                 gives for them, at(position of each) are terms, kept or computed
//                                 anew
//   block.collect(monoid, int count, f(int) → state)    merge of f(0) … f(count − 1), likewise
//   block.each(count, f(at))      visits 0 … count in the widest pieces: at.load(const U*) and
//                                 at.store(U*, x) move the elements at this position,
//                                 at.fill(float) makes a constant
//   block.each(rows, cols, f(at)) visits rows × cols likewise; the elements of a row are
//   contiguous:
//                                 at.load(const U*, stride), at.store(U*, stride, x), with `stride`
//                                 elements from row to row, 0 if all rows are one;
//                                 at.load_pairs(const U*, stride) → first, second and
//                                 at.store_pairs(U*, stride, first, second) move elements 2·col
//                                 and 2·col + 1 of the row
//   block.keep(U* to, count, f(at) → x)   stores f of every position of 0 … count; what follows in
//                                 this block reads it there
// `reduce` calls monoid.fold at least every kFoldInterval additions of a lane.
//
// Values: B::exp2, B::log2, B::rsqrt, B::max, B::min, B::select(condition, a, b).
//
// tests/backends/archetype is this vocabulary and nothing beyond it, as plain loops.
// A block of any kernel.
template <class B>
concept Block = HasItems<B> && HasValues<B>;

// Element-wise work on memory.
template <class B>
concept StreamBlock = Block<B> && HasEach<B>;

// The same over the rows of a matrix.
template <class B>
concept MatrixBlock = Block<B> && HasEachOfRows<B>;

// A reduction of rows, and terms of it that are used again.
template <class B, class T, class Monoid>
concept RowsBlock = StreamBlock<B> && HasReduce<B, T, Monoid> && HasTerms<B, T, Monoid>;

// The same over a row of T that the block made before.
template <class B, class T, class Monoid>
concept KeptRowsBlock = StreamBlock<B> && HasReduce<B, T, Monoid> && HasKeep<B, T>;

// A reduction of which every block computes a part.
template <class B, class T, class Monoid>
concept ReductionBlock =
    Block<B> && HasReduce<B, T, Monoid> && HasCollect<B, Monoid> && HasOnce<B> && HasLastArrival<B>;

// Work on integers one by one.
template <class B>
concept VisitBlock = Block<B> && HasVisit<B>;

// Copies of which something is noted.
template <class B>
concept CopyBlock = StreamBlock<B> && HasOnce<B>;

// Products of a left operand and one that is stored as kOrder says.
template <class B, class S, class T, class E = T>
using LeftOf = typename B::template Left<T, S::m, S::k, E>;
template <class B, class S, class T, Order kOrder, class E = T>
using RightOf = typename B::template Right<T, S::k, S::n, kOrder, E>;

template <class B, class S, class T, Order kOrder, class L = T, class R = T>
concept ProductBlock = Block<B> && HasTiles<B, S::m, S::n> && HasLeft<B, T, S::m, S::k, L> &&
    HasRight<B, T, S::k, S::n, kOrder, R> && HasLoad<B, LeftOf<B, S, T, L>> &&
    HasLoad<B, RightOf<B, S, T, kOrder, R>> && HasPipeline<B, LeftOf<B, S, T, L>> &&
    HasZeros<B, S::m, S::n> &&
    HasMma<B, AccumulatorOf<B, S::m, S::n>, LeftOf<B, S, T, L>, RightOf<B, S, T, kOrder, R>> &&
    HasStore<B, AccumulatorOf<B, S::m, S::n>, T>;

// Products of several left operands, each with a right one of its own.
template <class B, class S, class T>
concept GroupedProductBlock = ProductBlock<B, S, T, Order::transposed> &&
    HasGroupTiles<B, S::m, S::n> && HasLoadFirst<B, LeftOf<B, S, T>>;

// The same with sums over blocks of k, each with its scales.
template <class B, class S, class T, class C>
concept ScaledProductBlock = ProductBlock<B, S, T, Order::transposed, C, C> &&
    HasLoadRows<B, S::m> && HasAddScaled<B, AccumulatorOf<B, S::m, S::n>, RowsOf<B, S::m>>;

// Queries, keys and values of d elements, tiles of them and steps through the keys.
template <class B, class S, class T, int d>
using QueryOf = typename B::template Left<T, S::m, d>;
template <class B, class S, class T, int d>
using KeyOf = typename B::template Right<T, d, S::n, Order::transposed>;
template <class B, class S, class T, int d>
using ValueOf = typename B::template Right<T, S::n, d, Order::row_major>;

template <class B, class S, class T, int d>
concept HasHeads = HasLeft<B, T, S::m, d> && HasRightOfHeads<B, T, d, S::n, Order::transposed> &&
    HasRightOfHeads<B, T, S::n, d, Order::row_major> && HasLoad<B, QueryOf<B, S, T, d>> &&
    HasLoad<B, KeyOf<B, S, T, d>> && HasLoad<B, ValueOf<B, S, T, d>> &&
    HasAttend<B, QueryOf<B, S, T, d>, KeyOf<B, S, T, d>, ValueOf<B, S, T, d>, S::m, S::n>;

// What an online softmax does with scores, their rows and the output that it rescales.
template <class B, class T, class Scores, class Output, class Rows>
concept HasSoftmax = HasMapIndexed<B, Scores> && HasMapRows<B, Scores, Rows> &&
    HasMapRows<B, Output, Rows> && HasRowMax<B, Scores, Rows> && HasRowSum<B, Scores, Rows> &&
    HasMap<B, Rows> && HasZip<B, Rows> && HasAsOperand<B, Scores, T>;

// What is stored of a range of keys: f32 and a value per row.
template <class B, class Output, class Rows>
concept HasPartials = HasStoreRows<B, Rows> &&
    requires(B& block, const Tensor<float>& to, const Coord& at, Output& output) {
  block.store(to, at, output);
};

template <class B, class S>
using ScoresOf = AccumulatorOf<B, S::m, S::n>;
template <class B, class S, int d>
using OutputOf = AccumulatorOf<B, S::m, d>;

// Attention, over all keys or a range of them.
template <class B, class S, class T, int d>
concept AttentionBlock =
    Block<B> && HasHeads<B, S, T, d> && HasZeros<B, S::m, S::n> && HasZeros<B, S::m, d> &&
    HasRows<B, S::m> && HasSoftmax<B, T, ScoresOf<B, S>, OutputOf<B, S, d>, RowsOf<B, S::m>> &&
    HasMma<B, ScoresOf<B, S>, QueryOf<B, S, T, d>, KeyOf<B, S, T, d>> &&
    HasMma<B, OutputOf<B, S, d>, OperandOf<B, ScoresOf<B, S>, T>, ValueOf<B, S, T, d>> &&
    HasStore<B, OutputOf<B, S, d>, T> && HasPartials<B, OutputOf<B, S, d>, RowsOf<B, S::m>>;

}  // namespace moat
