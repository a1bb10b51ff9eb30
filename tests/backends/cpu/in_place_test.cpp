// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/in_place.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

namespace moat::cpu {
namespace {

// Small integers: sums are exact in f32.
float left_value(int row, int k) { return static_cast<float>((row * 5 + k * 3) % 7 - 3); }
float right_value(int k, int col) { return static_cast<float>((k * 2 + col * 11) % 9 - 4); }

// A rows × cols matrix with NaN between its rows, that begins `offset` elements into its memory.
template <class T>
struct Matrix {
  std::vector<T> values;
  Tensor<const T> tensor;

  template <class F>
  Matrix(int rows, int cols, int pad, int offset, F f)
      : values(std::size_t(offset) + std::size_t(rows) * (cols + pad),
               from_float<T>(std::nanf(""))) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) {
        values[offset + r * (cols + pad) + c] = from_float<T>(f(r, c));
      }
    }
    tensor = {values.data() + offset, rows, cols, cols + pad};
  }
};

constexpr int kM = 16;
constexpr int kK = 4 * kLanes;
constexpr int kN = 4 * kLanes;

template <class T>
class InPlace : public ::testing::Test {
 protected:
  Scratch scratch_;
};
using Types = ::testing::Types<float, f16, bf16>;
TYPED_TEST_SUITE(InPlace, Types);

// The part of the product that falls to the tile at (row, col), over two tiles of depth.
template <class T, Order kOrder>
void check_product(Scratch& scratch, int rows, int cols, int depth, int pad, int offset, Coord at) {
  SCOPED_TRACE(::testing::Message()
               << rows << " x " << cols << " x " << depth << ", pad " << pad << ", offset "
               << offset << ", at " << at.row << ", " << at.col);
  constexpr bool kTransposed = kOrder == Order::transposed;
  const Matrix<T> a(rows, depth, pad, offset, left_value);
  const Matrix<T> b(
      kTransposed ? cols : depth, kTransposed ? depth : cols, pad, offset,
      [](int r, int c) { return kTransposed ? right_value(c, r) : right_value(r, c); });
  const auto left = std::make_unique<RowLeft<T, kM, kK>>();
  RightInMemory<T, kK, kN, kOrder> right;
  RowAccumulator<kM, kN> acc(scratch);
  for (int k = 0; k < depth; k += kK) {
    left->load(a.tensor, {at.row, k});
    right.load(b.tensor, {k, at.col});
    multiply(acc, *left, right);
  }
  const int stride = cols + pad;
  std::vector<float> c(std::size_t(rows) * stride, 99.0f);
  store(Tensor<float>{c.data(), rows, cols, stride}, at, acc);
  for (int r = 0; r < rows; ++r) {
    for (int col = 0; col < stride; ++col) {
      float want = 99;
      if (r >= at.row && r < at.row + kM && col >= at.col && col < std::min(cols, at.col + kN)) {
        want = 0;
        for (int k = 0; k < depth; ++k) want += left_value(r, k) * right_value(k, col);
      }
      ASSERT_EQ(c[r * stride + col], want) << r << ", " << col;
    }
  }
}

template <class T, Order kOrder>
void check_all_products(Scratch& scratch) {
  for (const int rows : {1, 2, kRowsAtOnce, kRowsAtOnce + 1, kM}) {
    for (const int cols : {1, 3, kPiece, kLanes, kLanes + 1, kN - 1, kN}) {
      for (const int depth : {1, kLanes - 1, kLanes, kK - 1, kK, kK + 3, 2 * kK}) {
        check_product<T, kOrder>(scratch, rows, cols, depth, 3, 1, {});
      }
    }
  }
  check_product<T, kOrder>(scratch, kM + 5, kN + 7, kK + 1, 0, 0, {kM, kN});
  check_product<T, kOrder>(scratch, kM + 5, kN + 7, kK + 1, 5, 3, {0, kN});
  check_product<T, kOrder>(scratch, kM + 5, kN + 7, kK + 1, 5, 3, {kM, 0});
}

TYPED_TEST(InPlace, ProductsInRowMajorOrder) {
  check_all_products<TypeParam, Order::row_major>(this->scratch_);
}
TYPED_TEST(InPlace, ProductsTransposed) {
  check_all_products<TypeParam, Order::transposed>(this->scratch_);
}

// What is fetched is used `elements` later: rows of a group are read in step, groups in turn.
TEST(FetchAhead, FollowsTheOrderOfUse) {
  constexpr int kElements = 96;
  for (const int depth : {1, 7, 24, 25, 100}) {
    const int stride = depth + 3;
    const FetchAhead ahead(depth, kPiece * stride, kElements);
    for (int k = 0; k < depth; ++k) {
      const int used = k + kElements / kPiece;
      const int want = used / depth * kPiece * stride + used % depth;
      EXPECT_EQ(k + (k < ahead.turn ? ahead.near : ahead.far), want) << depth << ", " << k;
    }
  }
}

TYPED_TEST(InPlace, LeftIsFilledUpWithZeros) {
  const auto left = std::make_unique<RowLeft<TypeParam, kM, kK>>();
  for (float& x : left->values) x = std::nanf("");
  const Matrix<TypeParam> m(3, kLanes + 1, 2, 1, left_value);
  left->load(m.tensor, {});
  EXPECT_EQ(left->rows, 3);
  EXPECT_EQ(left->depth, kLanes + 1);
  for (int r = 0; r < 3; ++r) {
    for (int k = 0; k < 2 * kLanes; ++k) {
      EXPECT_EQ(left->values[r * kK + k], k <= kLanes ? left_value(r, k) : 0) << r << ", " << k;
    }
  }
}

// What a softmax does with the rows of a tile that is not full.
TEST(RowAccumulators, RowsAndColumnsReachTheirLambdas) {
  Scratch scratch;
  RowAccumulator<kM, kN> acc(scratch);
  acc.rows = 5;
  map_indexed(acc, [](auto x, auto row, auto col) {
    return x + select(col < 2 * row, FloatLanes(1.0f), FloatLanes(-2.0f));
  });
  const auto tops = fold_columns(acc, [](FloatLanes a, FloatLanes b) { return max(a, b); });
  const auto sums = fold_columns(acc, [](FloatLanes a, FloatLanes b) { return a + b; });
  map_rows(acc, sums, [](auto x, auto sum) { return x + sum; });
  for (int r = 0; r < kM; ++r) {
    const float ones = 2.0f * r;
    const float sum = r < acc.rows ? ones - 2 * (kN - ones) : 0;
    ASSERT_EQ(tops.values[r], r >= acc.rows ? 0 : r > 0 ? 1 : -2) << r;
    ASSERT_EQ(sums.values[r], sum) << r;
    for (int c = 0; c < kN && r < acc.rows; ++c) {
      ASSERT_EQ(acc.row(r)[c], (c < 2 * r ? 1 : -2) + sum) << r << ", " << c;
    }
  }
  acc.clear();
  EXPECT_EQ(acc.rows, 0);
  for (int i = 0; i < kM * kN; ++i) ASSERT_EQ(acc.values[i], 0);
}

TYPED_TEST(InPlace, StoreRoundsToTheType) {
  RowAccumulator<kM, kN> acc(this->scratch_);
  acc.rows = 1;
  for (int c = 0; c < kN; ++c) acc.values[c] = 1.0f + 0.001f * static_cast<float>(c);
  std::vector<TypeParam> out(kN - 1);
  store(Tensor<TypeParam>{out.data(), 1, kN - 1, kN - 1}, {}, acc);
  for (int c = 0; c < kN - 1; ++c) {
    EXPECT_EQ(to_float(out[c]), to_float(from_float<TypeParam>(acc.values[c]))) << c;
  }
}

}  // namespace
}  // namespace moat::cpu
