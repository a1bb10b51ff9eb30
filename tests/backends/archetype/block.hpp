// SPDX-License-Identifier: Apache-2.0
// The vocabulary of backends/vocabulary/block.hpp, each operation as plain loops, and nothing else.
// Kernels that compile here use no more than what every backend answers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "backends/vocabulary/block.hpp"
#include "tests/backends/archetype/split_k.hpp"
#include "tests/backends/archetype/tiles.hpp"
#include "tests/backends/archetype/values.hpp"
#include "tests/support/rounded.hpp"

namespace moat::archetype {

// A position of Block::each.
class Position {
 public:
  template <class T>
  Value load(const T* p) const {
    return to_float(p[index_]);
  }
  template <class T>
  void store(T* p, Value x) const {
    p[index_] = rounded<T>(x.x);
  }
  Value fill(float x) const { return x; }

 private:
  template <class S>
  friend class Block;

  explicit Position(int index) : index_(index) {}

  int index_;
};

// A group of Block::groups.
class Group {
 public:
  template <class U>
  void store(U* p, U x) const {
    p[index_] = x;
  }

 private:
  template <class S>
  friend class Block;

  explicit Group(int index) : index_(index) {}

  int index_;
};

struct Pair {
  Value first, second;
};

// A position of Block::each over rows.
class RowPosition {
 public:
  template <class T>
  Value load(const T* p, std::int64_t stride) const {
    return to_float(p[row_ * stride + col_]);
  }
  template <class T>
  void store(T* p, std::int64_t stride, Value x) const {
    p[row_ * stride + col_] = rounded<T>(x.x);
  }
  template <class T>
  Pair load_pairs(const T* p, std::int64_t stride) const {
    const T* pair = p + row_ * stride + 2 * std::int64_t{col_};
    return {to_float(pair[0]), to_float(pair[1])};
  }
  template <class T>
  void store_pairs(T* p, std::int64_t stride, Value first, Value second) const {
    T* pair = p + row_ * stride + 2 * std::int64_t{col_};
    pair[0] = from_float<T>(first.x);
    pair[1] = from_float<T>(second.x);
  }

 private:
  template <class S>
  friend class Block;

  RowPosition(int row, int col) : row_(row), col_(col) {}

  int row_;
  int col_;
};

// Block number `index` of `blocks`, which run one after the other.
template <class S>
class Block {
 public:
  template <class T, int kM, int kK, class E = T>
  using Left = archetype::Left<T, kM, kK, E>;
  template <class T, int kK, int kN, Order kOrder, class E = T>
  using Right = archetype::Right<T, kK, kN, kOrder, E>;

  Block(int index, int blocks) : index_(index), blocks_(blocks) {}

  template <class P>
  void load(P& panel, const typename P::Source& source, const Coord& at) {
    panel.load(source, at);
  }

  template <class P>
  void load_first(int rows, P& panel, const typename P::Source& source, const Coord& at) {
    panel.load(source, at);
    panel.keep_first(rows);
  }

  // Work.
  template <int kM, int kN, class RowsOf, class F>
  void group_tiles(int groups, RowsOf rows_of, int cols, F f) {
    for (int g = 0; g < groups; ++g) {
      const int across = ceil_div(cols, kN);
      for (int i = 0; i < ceil_div(rows_of(g), kM) * across; ++i) {
        if ((g + i) % blocks_ == index_) f(g, i / across * kM, i % across * kN);
      }
    }
  }
  template <int kM, int kN, class F>
  void tiles(int rows, int cols, F f) {
    const int across = ceil_div(cols, kN);
    items(ceil_div(rows, kM) * across, [&](int i) { f(i / across * kM, i % across * kN); });
  }
  template <class T>
  using SplitK = archetype::SplitK<T>;
  template <int kM, int kN, class T, class F>
  void split_tiles(const SplitK<T>& to, F f) {
    const int across = ceil_div(to.c.cols, kN);
    const int parts = to.count();
    items(static_cast<int>(to.template parts<kM, kN>()), [&](int i) {
      const int tile = i / parts;
      const int first = i % parts * to.each;
      f(typename SplitK<T>::Part(tile / across * kM, tile % across * kN, first,
                                 std::min(to.each, to.steps - first), i % parts));
    });
  }
  template <class F>
  void items(int count, F f) {
    for (int i = index_; i < count; i += blocks_) f(i);
  }
  template <class F>
  void longest_first(int groups, int count, F f) {
    items(groups * count, [&](int i) { f(i / count, i % count); });
  }
  template <class F>
  void once(F f) {
    f();
  }
  template <class F>
  void visit(int count, F f) {
    for (int i = count - 1; i >= 0; --i) f(i);
  }
  template <class F>
  void last_arrival(unsigned* counter, F f) {
    if (++*counter != static_cast<unsigned>(blocks_)) return;
    *counter = 0;
    f();
  }

  // Pipelines.
  template <class Stage, class Produce, class Consume>
  void pipeline(int steps, Produce produce, Consume consume) {
    Stages<Stage, Produce> stages(steps, produce);
    consume(stages);
  }
  template <class Q, class K, class V, int kM, int kN, class LoadQ, class LoadK, class LoadV,
            class Consume>
  void attend(int keys, LoadQ load_q, LoadK load_k, LoadV load_v, Consume consume) {
    Q q;
    if (keys > 0) load_q(q);
    AttendStages<K, V, kM, kN, LoadK, LoadV> stages(ceil_div(keys, kN), load_k, load_v);
    consume(static_cast<const Q&>(q), stages);
  }

  // Accumulators and rows.
  template <int kM, int kN>
  Accumulator<kM, kN> zeros() {
    return {};
  }

  template <int kM, int kN, class T, int kK, Order kOrder, class L, class R>
  void mma(Accumulator<kM, kN>& acc, const Left<T, kM, kK, L>& left,
           const Right<T, kK, kN, kOrder, R>& right) {
    acc.first_row = left.first_row();
    acc.rows = std::min(kM, left.rows_left());
    multiply<kK>(
        acc, [&](int r, int k) { return left.element(r, k); }, right);
  }
  template <int kM, int kN, class T, int kK, Order kOrder, class R>
  void mma(Accumulator<kM, kN>& acc, const Operand<T, kM, kK>& left,
           const Right<T, kK, kN, kOrder, R>& right) {
    acc.first_row = left.sums->first_row;
    acc.rows = left.sums->rows;
    const auto rounded = [&](int r, int k) {
      return to_float(from_float<T>(left.sums->values[r][k]));
    };
    multiply<kK>(acc, rounded, right);
  }

  template <class T, int kM, int kN>
  void store(const Tensor<T>& to, const Coord& at, const Accumulator<kM, kN>& acc) {
    for (int r = 0; r < std::min(kM, to.rows - at.row); ++r) {
      for (int c = 0; c < std::min(kN, to.cols - at.col); ++c) {
        const Coord here{.row = at.row + r, .col = at.col + c, .head = at.head, .batch = at.batch};
        *address(to, here) = from_float<T>(acc.values[r][c]);
      }
    }
  }

  template <class T, int kM, int kN>
  void store_part(const SplitK<T>& to, const typename SplitK<T>::Part& part,
                  const Accumulator<kM, kN>& acc) {
    std::vector<float> sums;
    for (const auto& row : acc.values) sums.insert(sums.end(), std::begin(row), std::end(row));
    const std::vector<float> all = to.arrive(part, std::move(sums));
    if (all.empty()) return;
    Accumulator<kM, kN> whole;
    for (int i = 0; i < kM * kN; ++i) whole.values[i / kN][i % kN] = all[i];
    store(to.c, {.row = part.row, .col = part.col}, whole);
  }

  template <int kM, int kN, class F>
  void map_indexed(Accumulator<kM, kN>& acc, F f) {
    for (int r = 0; r < kM; ++r) {
      for (int c = 0; c < kN; ++c)
        acc.values[r][c] = f(Value(acc.values[r][c]), Index(r), Index(c)).x;
    }
  }
  template <int kM, int kN, class F>
  void map_rows(Accumulator<kM, kN>& acc, const Rows<kM>& rows, F f) {
    for (int r = 0; r < kM; ++r) {
      for (float& x : acc.values[r]) x = f(Value(x), Value(rows.values[r])).x;
    }
  }
  template <int kM, int kN, class F>
  void map_columns(Accumulator<kM, kN>& acc, const Tensor<const float>& from, const Coord& at,
                   F f) {
    for (int c = 0; c < kN; ++c) {
      const float value = c < from.cols - at.col ? address(from, at)[c] : 0.0f;
      for (int r = 0; r < kM; ++r) {
        acc.values[r][c] = f(Value(acc.values[r][c]), Value(value)).x;
      }
    }
  }
  template <int kM, int kN>
  void add_scaled(Accumulator<kM, kN>& sum, Accumulator<kM, kN>& part, const Rows<kM>& rows,
                  float factor) {
    sum.first_row = part.first_row;
    sum.rows = part.rows;
    for (int r = 0; r < kM; ++r) {
      for (int c = 0; c < kN; ++c) {
        sum.values[r][c] += part.values[r][c] * rows.values[r] * factor;
        part.values[r][c] = std::numeric_limits<float>::quiet_NaN();
      }
    }
    part.begins = true;
  }
  template <int kM, int kN>
  Rows<kM> row_max(const Accumulator<kM, kN>& acc) {
    return make_rows<kM>([&](int r) { return *std::ranges::max_element(acc.values[r]); });
  }
  template <int kM, int kN>
  Rows<kM> row_sum(const Accumulator<kM, kN>& acc) {
    return make_rows<kM>([&](int r) {
      float sum = 0;
      for (const float x : acc.values[r]) sum += x;
      return sum;
    });
  }
  template <class T, int kM, int kN>
  Operand<T, kM, kN> as_operand(const Accumulator<kM, kN>& acc) {
    return Operand<T, kM, kN>(acc);
  }
  template <int kM>
  Rows<kM> rows(float value) {
    return make_rows<kM>([&](int) { return value; });
  }
  template <int kM, class F>
  Rows<kM> map(const Rows<kM>& a, F f) {
    return make_rows<kM>([&](int r) { return f(Value(a.values[r])).x; });
  }
  template <int kM, class F>
  Rows<kM> zip(const Rows<kM>& a, const Rows<kM>& b, F f) {
    return make_rows<kM>([&](int r) { return f(Value(a.values[r]), Value(b.values[r])).x; });
  }
  template <int kM, class U>
  Rows<kM> load_rows(const Tensor<const U>& from, Coord at) {
    const int last = from.rows - at.row;
    return make_rows<kM>(
        [&](int r) { return r < last ? decode(address(from, at)[r * from.row_stride]) : 0; });
  }
  template <int kM>
  void store_rows(const Tensor<float>& to, const Coord& at, const Rows<kM>& rows) {
    for (int r = 0; r < std::min(kM, to.rows - at.row); ++r) {
      *address(to, {.row = at.row + r, .head = at.head, .batch = at.batch}) = rows.values[r];
    }
  }

  // Memory without tiles.
  template <class Monoid, class T>
  auto reduce(const Monoid& monoid, const T* x, int count) {
    return reduce_values(monoid, count, [&](int i) { return Value(to_float(x[i])); });
  }
  template <class Monoid, class T>
  auto reduce(const Monoid& monoid, const T* x, int rows, int cols, std::int64_t stride) {
    return reduce_values(monoid, rows * cols,
                         [&](int i) { return Value(to_float(x[i / cols * stride + i % cols])); });
  }
  template <class Monoid, class T, class F>
  auto terms(const Monoid& monoid, const T* x, int count, F f) {
    struct Terms {
      const T* x;
      F f;
      typename Monoid::template State<float, int> state;

      Value at(const Position& position) const { return f(position.load(x)); }
    };
    return Terms{x, f,
                 reduce_values(monoid, count, [&](int i) { return f(Value(to_float(x[i]))); })};
  }
  template <class Monoid, class F>
  auto collect(const Monoid&, int count, F f) {
    auto state = Monoid::template identity<float, std::int64_t>();
    for (int i = 0; i < count; ++i) Monoid::template merge<Block>(state, f(i));
    return state;
  }
  template <class T, class F>
  void largest(const T* x, int count, int k, F f) {
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int a, int b) {
      const float left = to_float(x[a]);
      const float right = to_float(x[b]);
      return std::isnan(left) ? !std::isnan(right) : left > right;
    });
    for (int rank = 0; rank < k; ++rank) f(rank, order[rank]);
  }
  template <class F>
  void each(int count, F f) {
    for (int i = 0; i < count; ++i) f(Position(i));
  }
  template <class T, class F>
  void keep(T* to, int count, F f) {
    each(count, [&](auto at) { at.store(to, f(at)); });
  }
  template <int n, class Monoid, class F, class Whole, class Use>
  void groups(const Monoid& monoid, int count, F f, Whole whole, Use use) {
    for (int group = 0; group * n < count; ++group) {
      const int begin = group * n;
      const int size = std::min(n, count - begin);
      const auto y = whole(
          Group(group), reduce_values(monoid, size, [&](int i) { return f(Position(begin + i)); }));
      for (int i = begin; i < begin + size; ++i) use(Position(i), f(Position(i)), y);
    }
  }
  template <class F>
  void each(int rows, int cols, F f) {
    for (int row = 0; row < rows; ++row) {
      for (int col = 0; col < cols; ++col) f(RowPosition(row, col));
    }
  }

  // Values, of a kernel and of its lambdas.
  static float abs(float x) { return std::abs(x); }
  static float exp2(float x) { return std::exp2(x); }
  static float log2(float x) { return std::log2(x); }
  static float rsqrt(float x) { return 1.0f / std::sqrt(x); }
  static Value abs(Value x) { return abs(x.x); }
  static Value exp2(Value x) { return exp2(x.x); }
  static Value log2(Value x) { return log2(x.x); }
  static Value rsqrt(Value x) { return rsqrt(x.x); }
  static float max(float a, float b) { return a > b ? a : b; }
  static Value max(Value a, Value b) { return max(a.x, b.x); }
  static float min(float a, float b) { return b < a ? b : a; }
  static Value min(Value a, Value b) { return std::min(a.x, b.x); }
  static int min(int a, int b) { return std::min(a, b); }
  static std::int64_t min(std::int64_t a, std::int64_t b) { return std::min(a, b); }
  static Index min(Index a, Index b) { return std::min(a.i, b.i); }
  static float select(bool condition, float a, float b) { return condition ? a : b; }
  static std::int64_t select(bool condition, std::int64_t a, std::int64_t b) {
    return condition ? a : b;
  }
  static Value select(Condition condition, Value a, Value b) { return condition.holds ? a : b; }
  static Index select(Condition condition, Index a, Index b) { return condition.holds ? a : b; }

 private:
  template <class Stage, class Produce>
  class Stages {
   public:
    template <class F>
    void for_each(F f) {
      for (int step = 0; step < steps_; ++step) {
        Stage stage;
        produce_(stage, step);
        f(static_cast<const Stage&>(stage));
      }
    }

   private:
    friend class Block;
    Stages(int steps, Produce& produce) : steps_(steps), produce_(produce) {}

    int steps_;
    Produce& produce_;
  };

  template <class K, class V, int kM, int kN, class LoadK, class LoadV>
  class AttendStages {
   public:
    template <class Scores, class Weights, class Values>
    void for_each(Scores scores, Weights weights, Values values) {
      for (int step = 0; step < steps_; ++step) {
        K k;
        load_k_(k, step);
        Accumulator<kM, kN> s;
        scores(s, static_cast<const K&>(k));
        const auto p = weights(s, step);
        V v;
        load_v_(v, step);
        values(p, static_cast<const V&>(v));
      }
    }

   private:
    friend class Block;
    AttendStages(int steps, LoadK& load_k, LoadV& load_v)
        : steps_(steps), load_k_(load_k), load_v_(load_v) {}

    int steps_;
    LoadK& load_k_;
    LoadV& load_v_;
  };

  template <int kK, int kM, int kN, class Element, class R>
  static void multiply(Accumulator<kM, kN>& acc, Element left, const R& right) {
    if (std::exchange(acc.begins, false)) acc.values = {};
    for (int r = 0; r < acc.rows; ++r) {
      for (int k = 0; k < kK; ++k) {
        const float x = left(r, k);
        for (int c = 0; c < kN; ++c) acc.values[r][c] += x * right.element(k, c, acc.first_row + r);
      }
    }
  }

  template <int kM, class F>
  static Rows<kM> make_rows(F f) {
    Rows<kM> rows;
    for (int r = 0; r < kM; ++r) rows.values[r] = f(r);
    return rows;
  }

  // Every other element is another lane's, so that a merge must give what one lane would.
  template <class Monoid, class F>
  static typename Monoid::template State<float, int> reduce_values(const Monoid& monoid, int count,
                                                                   F f) {
    auto even = Monoid::template identity<Value, Index>();
    auto odd = even;
    for (int i = 0; i < count; ++i) {
      monoid.template add<Block>(i % 2 == 0 ? even : odd, f(i), Index(i));
      if (i % (2 * kFoldInterval) == 2 * kFoldInterval - 1) {
        Monoid::fold(even);
        Monoid::fold(odd);
      }
    }
    Monoid::template merge<Block>(even, odd);
    return even.transform([](auto member) { return scalar(member); });
  }
  static float scalar(Value x) { return x.x; }
  static int scalar(Index x) { return x.i; }

  int index_;
  int blocks_;
};

}  // namespace moat::archetype
