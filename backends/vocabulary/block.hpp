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
//                              scaled then, and rounded to T or kept in f32; or Paged<T>, whose
//                              columns are whole panels, or Paged<CodedKey> with T = bf16
//   Panel::Source              where a panel is loaded from, as the backend's loads want it
//   Panel::bind(View<E>) → Source              on the host; a transposed Right binds the n × k
//                                              matrix that is stored
//   Right::bind(View<E>, rows) → Source        likewise, for a left tensor whose row r meets
//                                              the head r / rows after the coordinate's; where the
//                                              schedule's all_heads is false, r / rows is 0
//   block.load(panel, source, Coord)   fills a panel; the coordinate is the logical one (row of m
//                                      or k, column of k or n) and what lies outside reads as 0
//   block.load_first(rows, panel, source, Coord)   the same of a left panel of which only the first
//                                      `rows` rows are used; the others read as anything
//
// Work:
//   block.tiles<m, n>(rows, cols, f(row, col))  the output tiles that fall to this block
//   B::SplitK<T>                                results whose sums over k blocks may share
//   block.split_tiles<m, n>(SplitK, f(part))    likewise of those: a part has the tile's `row` and
//                                               `col`, and `steps` steps of its sums from
//                                               `first_step` on
//   block.group_tiles<m, n>(groups, rows(g) → int, cols, f(group, row, col))
//                                               the same of several matrices, of rows(g) rows each,
//                                               0 or more
//   block.items(count, f(int))                  the items of 0 … count that fall to this block
//   block.longest_first(groups, count, f(group, item))   the same of `groups` groups of items 0 …
//                                               count: none takes longer than the items before it,
//                                               and those of a group read the same memory
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
//   block.store_part(SplitK, part, acc)  likewise, when the sums of all parts of a tile are there:
//                                        the same bits whichever came last. Once for each part
//   block.map_indexed(acc, f(x, row, col))   x ← f; row and col are one int or several, in the tile
//   block.map_rows(acc, rows, f(x, r))   x ← f(x, value of its row)
//   block.map_columns(acc, Tensor<const float>, Coord, f(x, c))   x ← f(x, value of its column), of
//                                        the tensor's row from the coordinate on; 0 beyond it
//   block.add_scaled(sum, part, rows, factor)   sum ← sum + part · the value of its row · factor;
//                                        part begins anew with the next mma, and is nothing else
//                                        until then
//   block.row_max(acc), row_sum(acc)     rows
//   block.as_operand<T>(acc)             a left operand of the next product, rounded to T or kept
//                                        in f32; valid as long as acc is unchanged
//   block.rows<m>(value)                 rows with one value
//   block.map(rows, f), zip(rows, rows, f)   element-wise, as new rows
//   block.load_rows<m>(Tensor<const U>, Coord)   the column from the coordinate on; 0 beyond it. U
//                                        is float or a code
//   block.store_rows(Tensor, Coord, rows)    column 0 of the tensor from the coordinate's row on
//
// Memory without tiles:
//   block.reduce(monoid, const T* x, int count)     state of all elements, same in all lanes
//   block.terms(monoid, const T* x, int count, f(x))    the terms f(x): `state` is what reduce
//                                 gives for them, at(position of each) are terms, kept or computed
//                                 anew
//   block.reduce(monoid, const T* x, int rows, int cols, stride)    likewise of a matrix, with
//                                 `stride` elements from row to row; positions count its own
//   block.collect(monoid, int count, f(int) → state)    merge of f(0) … f(count − 1), likewise
//   block.largest(const T* x, int count, int k, f(rank, position))    the k ≤ count largest, rank 0
//                                 first, in the order of order.hpp: one lane runs f for each, and
//                                 what follows in this block reads what f stored
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
//   block.groups<n>(monoid, count, value(at) → x, whole(group, state) → y, use(at, x, y))
//                                 for each n positions of 0 … count, of which the last may be
//                                 fewer: the state of their values, then `use` with what `whole`
//                                 made of it; group.store(U*, u) stores the element of its number
// `reduce` calls monoid.fold at least every kFoldInterval additions of a lane. What is stored is
// rounded to its type, to nearest even; codes in 8-bit floats are limited to their largest number.
//
// Values: B::abs, B::exp2, B::log2, B::rsqrt, B::max, B::min, B::select(condition, a, b).
//
// tests/backends/archetype is this vocabulary and nothing beyond it, as plain loops.
// A block of any kernel.
template <class B>
concept Block = HasItems<B> && HasValues<B>;

// Element-wise work on memory.
template <class B>
concept StreamBlock = Block<B> && HasEach<B>;

// The same, where a row has numbers of its own beside it.
template <class B>
concept MergeBlock = StreamBlock<B> && HasOnce<B>;

// The same over the rows of a matrix.
template <class B>
concept MatrixBlock = Block<B> && HasEachOfRows<B>;

// A reduction of rows, and terms of it that are used again.
template <class B, class T, class Monoid>
concept RowsBlock = StreamBlock<B> && HasReduce<B, T, Monoid> && HasTerms<B, T, Monoid>;

// The same over a row of T that the block made before.
template <class B, class T, class Monoid>
concept KeptRowsBlock = StreamBlock<B> && HasReduce<B, T, Monoid> && HasKeep<B, T>;

// Groups of n numbers, each with what it makes of its own.
template <class B, int n, class Monoid>
concept GroupsBlock = Block<B> && HasGroups<B, n, Monoid>;

// Element-wise work on a matrix with what a reduction of it gave.
template <class B, class T, class Monoid>
concept MatrixReductionBlock = MatrixBlock<B> && HasReduceOfMatrix<B, T, Monoid> && HasOnce<B>;

// A reduction of which every block computes a part.
template <class B, class T, class Monoid>
concept ReductionBlock =
    Block<B> && HasReduce<B, T, Monoid> && HasCollect<B, Monoid> && HasOnce<B> && HasLastArrival<B>;

// The largest elements of rows, of which every block may look at a part.
template <class B, class T>
concept SelectionBlock = Block<B> && HasLargest<B, T> && HasLastArrival<B>;

// The same, and a distribution of what was taken.
template <class B, class T, class Largest, class Total>
concept SamplingBlock = SelectionBlock<B, T> && HasOnce<B> && HasKeep<B, float> &&
    HasReduce<B, T, Largest> && HasReduce<B, float, Total>;

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
concept Multiplies =
    Block<B> && HasLeft<B, T, S::m, S::k, L> && HasRight<B, T, S::k, S::n, kOrder, R> &&
    HasLoad<B, LeftOf<B, S, T, L>> && HasLoad<B, RightOf<B, S, T, kOrder, R>> &&
    HasPipeline<B, LeftOf<B, S, T, L>> && HasZeros<B, S::m, S::n> &&
    HasMma<B, AccumulatorOf<B, S::m, S::n>, LeftOf<B, S, T, L>, RightOf<B, S, T, kOrder, R>>;

template <class B, class S, class T, Order kOrder, class L = T, class R = T>
concept ProductBlock = Multiplies<B, S, T, kOrder, L, R> && HasTiles<B, S::m, S::n> &&
    HasStore<B, AccumulatorOf<B, S::m, S::n>, T>;

// The same whose sums blocks may share.
template <class B, class S, class T, Order kOrder, class L = T, class R = T>
concept SplitProductBlock = Multiplies<B, S, T, kOrder, L, R> && HasSplitTiles<B, T, S::m, S::n> &&
    HasStorePart<B, T, S::m, S::n>;

// Products of several left operands, each with a right one of its own.
template <class B, class S, class T>
concept GroupedProductBlock =
    Multiplies<B, S, T, Order::transposed> && HasGroupTiles<B, S::m, S::n> &&
    HasLoadFirst<B, LeftOf<B, S, T>> && HasStore<B, AccumulatorOf<B, S::m, S::n>, T>;

// The same with sums over blocks of k, each with its scales.
template <class B, class S, class T, class C, class Scale>
concept ScaledProductBlock = SplitProductBlock<B, S, T, Order::transposed, C, C> &&
    HasLoadRows<B, S::m, Scale> && HasAddScaled<B, AccumulatorOf<B, S::m, S::n>, RowsOf<B, S::m>>;

// Queries, keys and values of d elements, tiles of them and steps through the keys.
template <class B, class S, class T, int d>
using QueryOf = typename B::template Left<T, S::m, d>;
template <class B, class S, class T, int d, class E = T>
using KeyOf = typename B::template Right<T, d, S::n, Order::transposed, E>;
template <class B, class S, class T, int d, class E = T>
using ValueOf = typename B::template Right<T, S::n, d, Order::row_major, E>;

// Values of v elements, both from what E names.
template <class B, class S, class T, int d, int v = d, class E = T>
concept HasHeads = HasLeft<B, T, S::m, d> && HasRightOfHeads<B, T, d, S::n, Order::transposed, E> &&
    HasRightOfHeads<B, T, S::n, v, Order::row_major, E> && HasLoad<B, QueryOf<B, S, T, d>> &&
    HasLoad<B, KeyOf<B, S, T, d, E>> && HasLoad<B, ValueOf<B, S, T, v, E>> &&
    HasAttend<B, QueryOf<B, S, T, d>, KeyOf<B, S, T, d, E>, ValueOf<B, S, T, v, E>, S::m, S::n>;

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
template <class B, class S, class T, int d, int v = d, class E = T>
concept AttentionBlock = Block<B> && HasLongestFirst<B> && HasHeads<B, S, T, d, v, E> &&
    HasZeros<B, S::m, S::n> && HasZeros<B, S::m, v> && HasRows<B, S::m> &&
    HasSoftmax<B, T, ScoresOf<B, S>, OutputOf<B, S, v>, RowsOf<B, S::m>> &&
    HasMma<B, ScoresOf<B, S>, QueryOf<B, S, T, d>, KeyOf<B, S, T, d, E>> &&
    HasMma<B, OutputOf<B, S, v>, OperandOf<B, ScoresOf<B, S>, T>, ValueOf<B, S, T, v, E>> &&
    HasStore<B, OutputOf<B, S, v>, T> && HasPartials<B, OutputOf<B, S, v>, RowsOf<B, S::m>>;

// The same over pages of E, k columns of the values at a time, with numbers of rows that are
// loaded.
template <class B, class S, class T, int d, class E = T>
concept PagedAttentionBlock =
    AttentionBlock<B, S, T, d, S::k, Paged<E>> && HasLoadRows<B, S::m, float>;

// Products of m rows of d elements with n columns, weighted by columns and added up.
template <class B, class S, class T, int d>
concept IndexerBlock = Block<B> && HasLeft<B, T, S::m, d> &&
    HasRight<B, T, d, S::n, Order::transposed> && HasLoad<B, QueryOf<B, S, T, d>> &&
    HasLoad<B, KeyOf<B, S, T, d>> && HasPipeline<B, QueryOf<B, S, T, d>> &&
    HasZeros<B, S::m, S::n> && HasMma<B, ScoresOf<B, S>, QueryOf<B, S, T, d>, KeyOf<B, S, T, d>> &&
    HasMapColumns<B, ScoresOf<B, S>> && HasMapIndexed<B, ScoresOf<B, S>> && HasRows<B, S::m> &&
    HasRowSum<B, ScoresOf<B, S>, RowsOf<B, S::m>> && HasZip<B, RowsOf<B, S::m>> &&
    HasStoreRows<B, RowsOf<B, S::m>>;

}  // namespace moat
