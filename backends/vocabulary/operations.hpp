// SPDX-License-Identifier: Apache-2.0
// A concept for every operation of the vocabulary in block.hpp, which says what they mean: a
// compiler's error names the one that a block lacks.
#pragma once

#include <concepts>
#include <cstdint>

#include "problems/dtype.hpp"
#include "problems/tensor.hpp"

namespace moat {

// Functions for the concepts: not every compiler takes a lambda there. Operations are only declared
// for them, but one whose result is deduced is compiled.
struct Ignore {
  template <class... Args>
  MOAT_FN void operator()(const Args&...) const {}
};
struct CountOf {
  MOAT_FN int operator()(int) const { return 0; }
};
struct Identity {
  template <class X>
  MOAT_FN X operator()(const X& x) const {
    return x;
  }
};
template <class Monoid>
struct StateOf {
  using State = typename Monoid::template State<float, std::int64_t>;
  MOAT_FN State operator()(int) const { return Monoid::template identity<float, std::int64_t>(); }
};

// Panels.
template <class B, class T, int m, int k, class E = T>
concept HasLeft = requires(const View<E>& t) {
  typename B::template Left<T, m, k, E>::Source;
  {
    B::template Left<T, m, k, E>::bind(t)
    } -> std::same_as<typename B::template Left<T, m, k, E>::Source>;
};
template <class B, class T, int k, int n, Order order, class E = T>
concept HasRight = requires(const View<E>& t) {
  typename B::template Right<T, k, n, order, E>::Source;
  {
    B::template Right<T, k, n, order, E>::bind(t)
    } -> std::same_as<typename B::template Right<T, k, n, order, E>::Source>;
};
template <class B, class T, int k, int n, Order order, class E = T>
concept HasRightOfHeads = requires(const View<E>& t, int rows) {
  typename B::template Right<T, k, n, order, E>::Source;
  {
    B::template Right<T, k, n, order, E>::bind(t, rows)
    } -> std::same_as<typename B::template Right<T, k, n, order, E>::Source>;
};
template <class B, class Panel>
concept HasLoad = requires(B& block, Panel& panel, const typename Panel::Source& source,
                           const Coord& at) {
  block.load(panel, source, at);
};
template <class B, class Panel>
concept HasLoadFirst = requires(B& block, int rows, Panel& panel,
                                const typename Panel::Source& source, const Coord& at) {
  block.load_first(rows, panel, source, at);
};

// Work.
template <class B, int m, int n>
concept HasTiles = requires(B& block, int rows, int cols, Ignore f) {
  block.template tiles<m, n>(rows, cols, f);
};
template <class B, class T, int m, int n>
concept HasSplitTiles = requires(B& block, const typename B::template SplitK<T>& to, Ignore f) {
  block.template split_tiles<m, n>(to, f);
};
template <class B, int m, int n>
concept HasGroupTiles = requires(B& block, int groups, CountOf rows, int cols, Ignore f) {
  block.template group_tiles<m, n>(groups, rows, cols, f);
};
template <class B>
concept HasItems = requires(B& block, int count, Ignore f) {
  block.items(count, f);
};
template <class B>
concept HasLongestFirst = requires(B& block, int groups, int count, Ignore f) {
  block.longest_first(groups, count, f);
};
template <class B>
concept HasOnce = requires(B& block, Ignore f) {
  block.once(f);
};
template <class B>
concept HasVisit = requires(B& block, int count, Ignore f) {
  block.visit(count, f);
};
template <class B>
concept HasLastArrival = requires(B& block, unsigned* counter, Ignore f) {
  block.last_arrival(counter, f);
};

// Pipelines.
template <class B, class Stage>
concept HasPipeline = requires(B& block, int steps, Ignore f) {
  block.template pipeline<Stage>(steps, f, f);
};
template <class B, class Q, class K, class V, int m, int n>
concept HasAttend = requires(B& block, int keys, Ignore f) {
  block.template attend<Q, K, V, m, n>(keys, f, f, f, f);
};

// Accumulators and rows, and what they are. Null pointers, because std::declval is the host's.
template <class B, int m, int n>
concept HasZeros = requires(B& block) {
  block.template zeros<m, n>();
};
template <class B, int m>
concept HasRows = requires(B& block, float value) {
  block.template rows<m>(value);
};
template <class B, int m, int n>
using AccumulatorOf = decltype(static_cast<B*>(nullptr)->template zeros<m, n>());
template <class B, int m>
using RowsOf = decltype(static_cast<B*>(nullptr)->template rows<m>(0.0f));

template <class B, class Acc, class L, class R>
concept HasMma = requires(B& block, Acc& acc, const L& left, const R& right) {
  block.mma(acc, left, right);
};
template <class B, class Acc, class T>
concept HasStore = requires(B& block, const Tensor<T>& to, const Coord& at, Acc& acc) {
  block.store(to, at, acc);
};
template <class B, class T, int m, int n>
concept HasStorePart = requires(B& block, const typename B::template SplitK<T>& to,
                                const typename B::template SplitK<T>::Part& part,
                                AccumulatorOf<B, m, n>& acc) {
  block.store_part(to, part, acc);
};
template <class B, class Acc>
concept HasMapIndexed = requires(B& block, Acc& acc, Ignore f) {
  block.map_indexed(acc, f);
};
template <class B, class Acc, class Rows>
concept HasMapRows = requires(B& block, Acc& acc, const Rows& rows, Ignore f) {
  block.map_rows(acc, rows, f);
};
template <class B, class Acc>
concept HasMapColumns = requires(B& block, Acc& acc, const Tensor<const float>& from,
                                 const Coord& at, Ignore f) {
  block.map_columns(acc, from, at, f);
};
template <class B, class Acc, class Rows>
concept HasAddScaled = requires(B& block, Acc& sum, Acc& part, const Rows& rows, float factor) {
  block.add_scaled(sum, part, rows, factor);
};
template <class B, class Acc, class Rows>
concept HasRowMax = requires(B& block, const Acc& acc) {
  { block.row_max(acc) } -> std::same_as<Rows>;
};
template <class B, class Acc, class Rows>
concept HasRowSum = requires(B& block, const Acc& acc) {
  { block.row_sum(acc) } -> std::same_as<Rows>;
};
template <class B, class Acc, class T>
concept HasAsOperand = requires(B& block, const Acc& acc) {
  block.template as_operand<T>(acc);
};
template <class B, class Acc, class T>
using OperandOf =
    decltype(static_cast<B*>(nullptr)->template as_operand<T>(*static_cast<const Acc*>(nullptr)));
template <class B, class Rows>
concept HasMap = requires(B& block, const Rows& rows, Identity f) {
  { block.map(rows, f) } -> std::same_as<Rows>;
};
template <class B, class Rows>
concept HasZip = requires(B& block, const Rows& rows, Ignore f) {
  { block.zip(rows, rows, f) } -> std::same_as<Rows>;
};
template <class B, int m, class U>
concept HasLoadRows = requires(B& block, const Tensor<const U>& from, const Coord& at) {
  { block.template load_rows<m>(from, at) } -> std::same_as<RowsOf<B, m>>;
};
template <class B, class Rows>
concept HasStoreRows = requires(B& block, const Tensor<float>& to, const Coord& at,
                                const Rows& rows) {
  block.store_rows(to, at, rows);
};

// Memory without tiles.
template <class B, class T, class Monoid>
concept HasReduce = requires(B& block, const Monoid& monoid, const T* x, int count) {
  { block.reduce(monoid, x, count) } -> std::same_as<typename Monoid::template State<float, int>>;
};
template <class B, class T, class Monoid>
concept HasReduceOfMatrix = requires(B& block, const Monoid& monoid, const T* x, int count,
                                     std::int64_t stride) {
  {
    block.reduce(monoid, x, count, count, stride)
    } -> std::same_as<typename Monoid::template State<float, int>>;
};
template <class B, class T, class Monoid>
concept HasTerms = requires(B& block, const Monoid& monoid, const T* x, int count, Identity f) {
  block.terms(monoid, x, count, f).state;
};
template <class B, class Monoid>
concept HasCollect = requires(B& block, const Monoid& monoid, int count, StateOf<Monoid> f) {
  {
    block.collect(monoid, count, f)
    } -> std::same_as<typename Monoid::template State<float, std::int64_t>>;
};
template <class B>
concept HasEach = requires(B& block, int count, Ignore f) {
  block.each(count, f);
};

template <class B, class T>
concept HasLargest = requires(B& block, const T* x, int count, int k, Ignore f) {
  block.largest(x, count, k, f);
};
template <class B, class T>
concept HasKeep = requires(B& block, T* to, int count, Ignore f) {
  block.keep(to, count, f);
};
template <class B, int n, class Monoid>
concept HasGroups = requires(B& block, const Monoid& monoid, int count, Ignore f) {
  block.template groups<n>(monoid, count, f, f, f);
};
template <class B>
concept HasEachOfRows = requires(B& block, int rows, int cols, Ignore f) {
  block.each(rows, cols, f);
};

// Values.
template <class B>
concept HasValues = requires(float x, int n, std::int64_t wide) {
  { B::abs(x) } -> std::same_as<float>;
  { B::exp2(x) } -> std::same_as<float>;
  { B::log2(x) } -> std::same_as<float>;
  { B::rsqrt(x) } -> std::same_as<float>;
  { B::max(x, x) } -> std::same_as<float>;
  { B::min(x, x) } -> std::same_as<float>;
  { B::min(n, n) } -> std::same_as<int>;
  { B::min(wide, wide) } -> std::same_as<std::int64_t>;
  { B::select(n > 0, x, x) } -> std::same_as<float>;
  { B::select(n > 0, wide, wide) } -> std::same_as<std::int64_t>;
};

}  // namespace moat
