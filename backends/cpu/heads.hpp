// SPDX-License-Identifier: Apache-2.0
// Products of few queries with the keys and values of all heads of a sequence (decode attention).
//
// Every key is used for a few rows only, so the time goes into reading. At a position of the
// sequence the heads are neighbours in memory: a tile holds the rows of all of them, and a step
// reads its keys from end to end in several streams, which is what processors fetch ahead of best.
#pragma once

#include "backends/cpu/in_place.hpp"

namespace moat::cpu {

// Streams of neighbouring keys in which the keys of a step are read.
inline constexpr int kStreams = kPiece;

// Keys of a stream whose values are added at once.
inline constexpr int kKeysAtOnce = 2;

// Rows of queries that a microkernel takes at once, against a vector of each stream: with one more,
// sums would not stay in the 32 or 16 registers.
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
inline constexpr int kHeadRowsAtOnce = 7;
#else
inline constexpr int kHeadRowsAtOnce = 3;
#endif

// Elements that are fetched ahead of their use in each stream: less comes too late, more makes the
// processor's own fetching lose the thread.
inline constexpr int kElementsAhead = 1024;

// Column of every position in a row of scores: those of a piece come from different streams.
template <int kN>
inline constexpr auto kStreamOrder = [] {
  std::array<int, kN> column{};
  for (int i = 0; i < kN; ++i) column[i] = i % kStreams * (kN / kStreams) + i / kStreams;
  return column;
}();

// Elements that are widened together, into two vectors.
inline constexpr int kPair = 2 * kLanes;

// bf16 is the upper half of f32: the odd elements of a pair need no more than a mask, and the even
// ones a shift, where vectors of neighbours would have to be spread over lanes first.
template <class T>
inline constexpr bool kAlternate = std::is_same_v<T, bf16>;

// Column of every position in a row whose pairs hold the even columns before the odd ones.
template <class T, int kN>
inline constexpr auto kPairOrder = [] {
  std::array<int, kN> column = kInOrder<kN>;
  for (int i = 0; i < kN && kAlternate<T>; ++i) {
    column[i] = i / kPair * kPair + i % kLanes * 2 + i % kPair / kLanes;
  }
  return column;
}();

// Half of the kPair elements at p, in the order of kPairOrder.
template <int kHalf, class T>
HWY_INLINE hn::Vec<FloatTag> load_half(const T* p) {
  const FloatTag d;
  if constexpr (kAlternate<T>) {
    const hn::RebindToUnsigned<FloatTag> bits;
    const auto both = hn::BitCast(bits, hn::LoadU(hn::Repartition<std::uint16_t, FloatTag>{},
                                                  reinterpret_cast<const std::uint16_t*>(p)));
    return hn::BitCast(
        d, kHalf == 0 ? hn::ShiftLeft<16>(both) : hn::And(both, hn::Set(bits, 0xffff0000u)));
  } else {
    return load(d, p + kHalf * kLanes);
  }
}

// Rows of queries, of which row 0 is row `first` of the tensor, in the order of kPairOrder.
template <class T, int kM, int kK>
struct HeadQueries : RowLeft<T, kM, kK> {
  static_assert(kK % kPair == 0);
  int first;

  void load(const Tensor<const T>& source, Coord at) {
    RowLeft<T, kM, kK>::load(source, at);
    first = at.row;
    for (int r = 0; r < this->rows && kAlternate<T>; ++r) {
      float* row = this->values + std::int64_t{r} * kK;
      float ordered[kK];
      for (int k = 0; k < kK; ++k) ordered[k] = row[kPairOrder<T, kK>[k]];
      std::copy_n(ordered, kK, row);
    }
  }
};

// What a panel of keys (transposed) or values (row-major) of several heads is.
template <class E, int kK, int kN, Order kOrder>
struct HeadsPanel {
  using T = E;
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  static constexpr bool kIsKey = kOrder == Order::transposed;
  static constexpr int kHeadDim = kIsKey ? kK : kN;
  static constexpr int kKeys = kIsKey ? kN : kK;
  static_assert(kKeys % kStreams == 0 && kHeadDim % (2 * kPair) == 0);

  // Of the panel that is read after this one.
  std::int64_t next_row_stride, next_head_stride;
  int next_head_dim;
};

template <class Right>
struct StreamRows;

// Keys or values of the heads from the loaded one on. Row r of the tensor of queries meets head
// r / rows_per_head.
template <class T, int kK, int kN, Order kOrder>
struct RightOfHeads : HeadsPanel<T, kK, kN, kOrder> {
  using Panel = HeadsPanel<T, kK, kN, kOrder>;
  using Streams = StreamRows<RightOfHeads>;
  struct Source {
    Tensor<const T> tensor;
    int rows_per_head;
  };

  static Source bind(Tensor<const T> t, int rows_per_head) { return {t, rows_per_head}; }

  void load(const Source& source, Coord at) {
    const Tensor<const T>& t = source.tensor;
    const int first_key = Panel::kIsKey ? at.col : at.row;
    from = address(t, {.row = first_key, .head = at.head, .batch = at.batch});
    row_stride = t.row_stride;
    head_stride = t.head_stride;
    keys = live(t.rows, first_key, Panel::kKeys);
    rows_per_head = source.rows_per_head;
  }

  const T* begin() const { return from; }
  const T* row(int key) const { return from + key * row_stride; }
  // Of the panel that is read after this one.
  const T* next_row(int key) const { return next + key * this->next_row_stride; }

  const T* from;
  const T* next;  // what is read after this panel, as long, with strides of its own
  std::int64_t row_stride;
  std::int64_t head_stride;
  int keys;
  int rows_per_head;
};

// Rows of a tile that share a head.
struct HeadRows {
  int row;
  int count;
  std::int64_t at;     // where the head lies in a row of the keys
  std::int64_t ahead;  // what is fetched meanwhile, from the same row of the keys
  int keys_ahead;      // and in how many rows
};

// The rows of a tile by heads, at most kAtOnce together.
template <int kM, int kAtOnce = kHeadRowsAtOnce>
struct RowsByHead {
  template <class Right>
  RowsByHead(const Right& right, int first, int rows) {
    const int per_head = right.rows_per_head;
    const int first_head = first / per_head;
    const int heads = (first + rows - 1) / per_head - first_head + 1;
    const int visits = kElementsAhead / Right::kHeadDim;
    for (int i = 0; i < heads; ++i) {
      const int begin = std::max(0, (first_head + i) * per_head - first);
      const int end = std::min(rows, (first_head + i + 1) * per_head - first);
      const int keys_ahead = (i + visits) / heads;
      const int head_ahead = first_head + (i + visits) % heads;
      for_each_row_group<kAtOnce>(end - begin, [&](int count, int row) {
        groups[size++] = {begin + row, count, (first_head + i) * right.head_stride,
                          keys_ahead * right.row_stride + head_ahead * right.head_stride,
                          keys_ahead};
      });
    }
  }

  const HeadRows* begin() const { return groups; }
  const HeadRows* end() const { return groups + size; }

  HeadRows groups[kM];
  int size = 0;
};

// Where key `key` of every stream lies, and those behind it, and what is fetched when they are
// read.
template <class Right>
struct StreamRows {
  using T = typename Right::T;

  StreamRows(const Right& right, int key, int streams, const HeadRows& rows, int /*keys*/ = 1)
      : row_stride(right.row_stride) {
    constexpr int kLength = Right::kKeys / kStreams;
    const bool inside = key + rows.keys_ahead < kLength;
    const T* ahead = (inside ? right.from : right.next - kLength * right.row_stride) + rows.ahead;
    for (int s = 0; s < kStreams; ++s) {
      const std::int64_t stream = (s * kLength + key) * right.row_stride;
      // A stream that has no such key is read where the first one is.
      from[s] = right.from + rows.at + (s < streams ? stream : key * right.row_stride);
      fetched[s] = ahead + stream;
    }
  }

  const T* row(int key, int stream) const { return from[stream] + key * row_stride; }
  const T* ahead(int key, int stream) const { return fetched[stream] + key * row_stride; }

  const T* from[kStreams];
  const T* fetched[kStreams];
  std::int64_t row_stride;
};

// Streams that still have a key at position `key` of theirs.
template <int kKeys>
constexpr int streams_with(int key, int keys) {
  constexpr int kLength = kKeys / kStreams;
  return std::clamp(ceil_div(keys - key, kLength), 0, kStreams);
}

// acc[r · acc_stride + s] += left row r · row s of the right operand, for kRows rows and the first
// `streams` of the right operand's. Rows of the left operand are kDepth apart.
template <int kRows, int kDepth, class T>
HWY_NOINLINE void dot_streams(const float* HWY_RESTRICT left, const T* const (&right)[kStreams],
                              const T* const (&fetched)[kStreams], int streams,
                              float* HWY_RESTRICT acc, std::int64_t acc_stride) {
  constexpr int kStep = std::max(kPair, kLine<T>);
  const FloatTag d;
  const hn::FixedTag<float, kStreams> four;
  hn::Vec<FloatTag> sum[kRows][kStreams];
  unroll<kRows>([&](auto r) { unroll<kStreams>([&](auto s) { sum[r][s] = hn::Zero(d); }); });
  for (int k = 0; k < kDepth; k += kStep) {
    // Not in a lambda: GCC 12 takes a function that only fetches for one without effect.
    for (int s = 0; s < kStreams; ++s) {
      for (int line = 0; line < kStep; line += kLine<T>) __builtin_prefetch(fetched[s] + k + line);
    }
    unroll<kStep / kLanes>([&](auto v) __attribute__((always_inline)) {
      hn::Vec<FloatTag> b[kStreams];
      unroll<kStreams>([&](auto s) __attribute__((always_inline)) {
        b[s] = load_half<v % 2>(right[s] + k + v / 2 * kPair);
      });
      unroll<kRows>([&](auto r) __attribute__((always_inline)) {
        const auto a = hn::Load(d, left + r * kDepth + k + v * kLanes);
        unroll<kStreams>([&](auto s) { sum[r][s] = hn::MulAdd(a, b[s], sum[r][s]); });
      });
    });
  }
  const auto kept = hn::FirstN(four, streams);
  unroll<kRows>([&](auto r) {
    float* to = acc + r * acc_stride;
    const auto sums = hn::IfThenElseZero(kept, sums_of_lanes(sum[r]));
    hn::Store(hn::Add(hn::Load(four, to), sums), four, to);
  });
}

// acc[r · kCols + c] += Σ weights[r · weights_stride + i] · element c of key i, for kRows rows.
// Key i = kStreams · j + s is row j of stream s; each stream has `keys` rows, but of the last row
// only the first `streams` are used.
template <int kRows, int kCols, class Streams>
HWY_NOINLINE void add_streams(const float* HWY_RESTRICT weights, std::int64_t weights_stride,
                              const Streams& at, int keys, int streams, float* HWY_RESTRICT acc) {
  using T = typename Streams::T;
  constexpr int kWidth = 2 * kPair;
  const FloatTag d;
  for (int col = 0; col < kCols; col += kWidth) {
    hn::Vec<FloatTag> sum[kRows][4];
    unroll<kRows>([&](auto r) {
      unroll<4>([&](auto v) { sum[r][v] = hn::Load(d, acc + r * kCols + col + v * kLanes); });
    });
    for (int j = 0; j < keys; ++j) {
      for (int s = 0; s < (j + 1 < keys ? kStreams : streams); ++s) {
        const T* const ahead = at.ahead(j, s) + col;
        const T* const row = at.row(j, s) + col;
        for (int line = 0; line < kWidth; line += kLine<T>) __builtin_prefetch(ahead + line);
        hn::Vec<FloatTag> b[4];
        unroll<4>([&](auto v) __attribute__((always_inline)) {
          b[v] = load_half<v % 2>(row + v / 2 * kPair);
        });
        unroll<kRows>([&](auto r) __attribute__((always_inline)) {
          const auto a = hn::Set(d, weights[r * weights_stride + j * kStreams + s]);
          unroll<4>([&](auto v) { sum[r][v] = hn::MulAdd(a, b[v], sum[r][v]); });
        });
      }
    }
    unroll<kRows>([&](auto r) {
      unroll<4>([&](auto v) { hn::Store(sum[r][v], d, acc + r * kCols + col + v * kLanes); });
    });
  }
}

template <class R>
concept PanelOfHeads = requires {
  typename R::Streams;
};

// Scores: acc += queries · keysᵀ, head by head.
template <int kM, int kN, class T, int kK, PanelOfHeads Right>
void multiply(RowAccumulator<kM, kN>& acc, const HeadQueries<T, kM, kK>& left, const Right& right) {
  static_assert(Right::kIsKey && Right::kDepth == kK && Right::kCols == kN);
  acc.rows = std::max(acc.rows, left.rows);
  acc.first = left.first;
  acc.columns = kStreamOrder<kN>.data();
  const RowsByHead<kM> by_head(right, left.first, left.rows);
  for (int key = 0; key < std::min(right.keys, kN / kStreams); ++key) {
    const int streams = streams_with<kN>(key, right.keys);
    for (const HeadRows& rows : by_head) {
      const typename Right::Streams at(right, key, streams, rows);
      with_count<kHeadRowsAtOnce>(rows.count, [&](auto count) {
        dot_streams<count, kK>(left.values + std::int64_t{rows.row} * kK, at.from, at.fetched,
                               streams, acc.row(rows.row) + key * kStreams, kN);
      });
    }
  }
}

// acc += weights · values, head by head; the weights lie as the scores that they come from.
template <int kM, int kN, int kK, PanelOfHeads Right>
void multiply(RowAccumulator<kM, kN>& acc, const AccumulatedRows<kM, kK>& left,
              const Right& right) {
  static_assert(!Right::kIsKey && Right::kDepth == kK && Right::kCols == kN);
  using T = typename Right::T;
  acc.rows = std::max(acc.rows, left.rows);
  acc.first = left.first;
  if (kAlternate<T>) acc.columns = kPairOrder<T, kN>.data();
  const RowsByHead<kM> by_head(right, left.first, left.rows);
  const int length = std::min(right.keys, kK / kStreams);
  for (int key = 0; key < length;) {
    // Streams end together but in the last step.
    int keys = 1;
    if (streams_with<kK>(key, right.keys) == kStreams) {
      while (keys < kKeysAtOnce && key + keys < length) ++keys;
    }
    const int streams = streams_with<kK>(key + keys - 1, right.keys);
    for (const HeadRows& rows : by_head) {
      const typename Right::Streams at(right, key, kStreams, rows, keys);
      with_count<kHeadRowsAtOnce>(rows.count, [&](auto count) {
        add_streams<count, kN>(left.values + std::int64_t{rows.row} * kK + key * kStreams, kK, at,
                               keys, streams, acc.row(rows.row));
      });
    }
    key += keys;
  }
}

// What the consumer of Worker::attend visits where a tile holds the rows of all heads: each panel
// knows what is read after it.
template <class Sums, class Key, class Value, class LoadKey, class LoadValue>
struct HeadStages {
  Scratch& scratch;
  std::size_t kept_bytes;  // unused: nothing is packed
  int keys;
  LoadKey& load_key;
  LoadValue& load_value;

  template <class Panel, class Next>
  static void put_before(const Next& next, Panel& panel) {
    panel.next = next.begin();
    panel.next_row_stride = next.row_stride;
    panel.next_head_stride = next.head_stride;
    panel.next_head_dim = Next::kHeadDim;
  }

  template <class Scores, class Weights, class Values>
  void for_each(Scores scores, Weights weights, Values values) {
    if (keys == 0) return;
    Sums s(scratch);
    Key key;
    Value value;
    load_key(key, 0);
    for (int step = 0; step * Sums::kCols < keys; ++step) {
      if (step > 0) s.clear();
      load_value(value, step);
      put_before(value, key);
      scores(s, std::as_const(key));
      const auto p = weights(s, step);
      load_key(key, step + 1);
      put_before(key, value);
      values(p, std::as_const(value));
    }
  }
};

}  // namespace moat::cpu
