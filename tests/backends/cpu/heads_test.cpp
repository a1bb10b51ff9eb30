// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/heads.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

namespace moat::cpu {
namespace {

constexpr int kRows = 16;
constexpr int kHeadDim = 4 * kLanes;
constexpr int kKeys = 8 * kStreams;

// Small integers: sums are exact in f32.
float query_value(int row, int i) { return static_cast<float>((row * 5 + i * 3) % 7 - 3); }
float key_value(int key, int head, int i) {
  return static_cast<float>((key * 2 + head * 5 + i * 11) % 9 - 4);
}
float weight_value(int row, int key) { return static_cast<float>((row * 3 + key) % 5 - 2); }

// Keys or values of `heads` heads; NaN wherever nothing may be read.
template <class T>
struct Sequence {
  Sequence(int keys, int heads)
      : values(std::size_t(keys + kKeys) * (heads + 1) * kHeadDim, from_float<T>(std::nanf(""))) {
    tensor = {values.data(), keys, kHeadDim, std::int64_t{heads + 1} * kHeadDim,
              kHeadDim,      0,    heads};
    for (int key = 0; key < keys; ++key) {
      for (int head = 0; head < heads; ++head) {
        for (int i = 0; i < kHeadDim; ++i) {
          values[key * tensor.row_stride + head * kHeadDim + i] =
              from_float<T>(key_value(key, head, i));
        }
      }
    }
  }

  std::vector<T> values;
  Tensor<const T> tensor;
};

// `rows` queries of which `per_head` share a head; a tile begins at query `first`.
struct Shape {
  int rows, per_head, first, keys;
};

std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (const int keys : {1, 2, kKeys / kStreams, kKeys / kStreams + 1, kKeys - 1, kKeys}) {
    all.push_back({1, 1, 0, keys});
    all.push_back({kRows, 4, 0, keys});
    all.push_back({14, 7, 0, keys});
    all.push_back({kRows, kRows, 0, keys});
    all.push_back({kRows + 5, 3, kRows, keys});
  }
  return all;
}

template <class T>
class Heads : public ::testing::Test {
 protected:
  Scratch scratch_;
};
using Types = ::testing::Types<float, f16, bf16>;
TYPED_TEST_SUITE(Heads, Types);

// Rows `first` and on of what an accumulator stores, of `rows` in all.
template <int kM, int kN>
std::vector<float> stored(const RowAccumulator<kM, kN>& acc, const Shape& s) {
  std::vector<float> out(std::size_t(s.rows) * kN, 99.0f);
  store(Tensor<float>{out.data(), s.rows, kN, kN}, {s.first, 0}, acc);
  return out;
}

TYPED_TEST(Heads, EveryRowMeetsTheKeysOfItsHead) {
  using T = TypeParam;
  for (const Shape& s : shapes()) {
    SCOPED_TRACE(::testing::Message() << s.rows << " rows, " << s.per_head << " a head, from "
                                      << s.first << ", " << s.keys << " keys");
    const Sequence<T> sequence(s.keys, ceil_div(s.rows, s.per_head));
    std::vector<T> q(std::size_t(s.rows) * kHeadDim);
    for (std::size_t i = 0; i < q.size(); ++i) {
      q[i] = from_float<T>(query_value(static_cast<int>(i) / kHeadDim, i % kHeadDim));
    }
    const auto left = std::make_unique<HeadQueries<T, kRows, kHeadDim>>();
    left->load(Tensor<const T>{q.data(), s.rows, kHeadDim, kHeadDim}, {s.first, 0});
    using Key = RightOfHeads<T, kHeadDim, kKeys, Order::transposed>;
    Key right;
    right.load(Key::bind(sequence.tensor, s.per_head), {});
    right.next = right.from;
    RowAccumulator<kRows, kKeys> acc(this->scratch_);
    for (int times = 1; times <= 2; ++times) {
      multiply(acc, *left, right);
      const auto out = stored(acc, s);
      for (int row = s.first; row < std::min(s.rows, s.first + kRows); ++row) {
        for (int key = 0; key < kKeys; ++key) {
          float want = 0;
          for (int i = 0; i < kHeadDim && key < s.keys; ++i) {
            want += times * query_value(row, i) * key_value(key, row / s.per_head, i);
          }
          ASSERT_EQ(out[row * kKeys + key], want) << row << ", " << key;
        }
      }
    }
    // What a mask sees of a column is where its key lies.
    map_indexed(acc, [&](auto x, auto, auto column) {
      return select(column < s.keys, x, FloatLanes(-1.0f));
    });
    const auto out = stored(acc, s);
    for (int row = s.first; row < std::min(s.rows, s.first + kRows); ++row) {
      for (int key = s.keys; key < kKeys; ++key) ASSERT_EQ(out[row * kKeys + key], -1.0f);
    }
  }
}

TYPED_TEST(Heads, EveryRowWeighsTheValuesOfItsHead) {
  using T = TypeParam;
  for (const Shape& s : shapes()) {
    SCOPED_TRACE(::testing::Message() << s.rows << " rows, " << s.per_head << " a head, from "
                                      << s.first << ", " << s.keys << " keys");
    const Sequence<T> sequence(s.keys, ceil_div(s.rows, s.per_head));
    const int rows = std::min(kRows, s.rows - s.first);
    alignas(64) float weights[kRows * kKeys];
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < kKeys; ++i) {
        weights[row * kKeys + i] = weight_value(s.first + row, kStreamOrder<kKeys>[i]);
      }
    }
    using Value = RightOfHeads<T, kKeys, kHeadDim, Order::row_major>;
    Value right;
    right.load(Value::bind(sequence.tensor, s.per_head), {});
    right.next = right.from;
    RowAccumulator<kRows, kHeadDim> acc(this->scratch_);
    multiply(acc, AccumulatedRows<kRows, kKeys>{weights, rows, s.first}, right);
    const auto out = stored(acc, s);
    for (int row = s.first; row < s.first + rows; ++row) {
      for (int i = 0; i < kHeadDim; ++i) {
        float want = 0;
        for (int key = 0; key < s.keys; ++key) {
          want += weight_value(row, key) * key_value(key, row / s.per_head, i);
        }
        ASSERT_EQ(out[row * kHeadDim + i], want) << row << ", " << i;
      }
    }
  }
}

// Each stream is fetched so far ahead that what comes is used: the heads of a key in turn, then the
// next key, and after the last one the panel that follows.
TEST(HeadStreams, FetchInTheOrderOfUse) {
  constexpr int kHeads = 3;
  constexpr int kLength = kKeys / kStreams;
  using Key = RightOfHeads<float, kHeadDim, kKeys, Order::transposed>;
  const Sequence<float> sequence(kKeys, kHeads);
  const Sequence<float> following(kKeys, kHeads);
  Key right;
  right.load(Key::bind(sequence.tensor, 2), {});
  right.next = following.tensor.data;
  const RowsByHead<kRows> by_head(right, 0, 2 * kHeads);
  constexpr int kVisits = kElementsAhead / kHeadDim;
  for (int key = 0; key < kLength; ++key) {
    int head = 0;
    for (const HeadRows& rows : by_head) {
      const StreamRows at(right, key, kStreams, rows);
      const int used = key * kHeads + head + kVisits;
      const bool inside = used / kHeads < kLength;
      for (int s = 0; s < kStreams; ++s) {
        const int row = s * kLength + used / kHeads - (inside ? 0 : kLength);
        const float* want = (inside ? sequence : following).tensor.data + row * right.row_stride +
                            used % kHeads * kHeadDim;
        EXPECT_EQ(at.fetched[s], want) << key << ", " << head << ", " << s;
      }
      if (rows.row + rows.count == 2 * (head + 1)) ++head;
    }
  }
}

// What is fetched behind the end of a panel lies as the next one does.
TEST(HeadStages, APanelKnowsHowTheNextOneLies) {
  using Key = RightOfHeads<float, 2 * kHeadDim, kKeys, Order::transposed>;
  using Value = RightOfHeads<float, kKeys, kHeadDim, Order::row_major>;
  const std::vector<float> memory(std::size_t{2} * kKeys * 6 * kHeadDim);
  const Tensor<const float> keys{
      memory.data(), 2 * kKeys, 2 * kHeadDim, 6 * kHeadDim, 2 * kHeadDim, 0, 3};
  const Tensor<const float> values{memory.data(), 2 * kKeys, kHeadDim, 3 * kHeadDim,
                                   kHeadDim,      0,         3};
  const auto load_key = [&](Key& key, int step) {
    key.load(Key::bind(keys, 1), {.col = step * kKeys});
  };
  const auto load_value = [&](Value& value, int step) {
    value.load(Value::bind(values, 1), {.row = step * kKeys});
  };
  Scratch scratch;
  HeadStages<RowAccumulator<kRows, kKeys>, Key, Value, decltype(load_key), decltype(load_value)>
      stages{scratch, 0, kKeys, load_key, load_value};
  int seen = 0;
  stages.for_each(
      [&](auto&, const Key& key) {
        EXPECT_EQ(key.next_row(3), values.data + 3 * values.row_stride);
        EXPECT_EQ(key.next_head_stride, kHeadDim);
        EXPECT_EQ(key.next_head_dim, kHeadDim);
        ++seen;
      },
      [](auto&, int step) { return step; },
      [&](int, const Value& value) {
        EXPECT_EQ(value.next_row(3), keys.data + (kKeys + 3) * keys.row_stride);
        EXPECT_EQ(value.next_head_stride, 2 * kHeadDim);
        EXPECT_EQ(value.next_head_dim, 2 * kHeadDim);
        ++seen;
      });
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace moat::cpu
