// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/panels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/mma.hpp"

namespace moat::cpu {
namespace {

// Element (row, col) of a matrix of 16-bit types without rounding.
float element(int row, int col) { return static_cast<float>((row * 37 + col * 11) % 251 - 125); }

constexpr int kPad = 3;

// rows × cols with NaN between the rows and behind the last.
template <class T>
struct Matrix {
  std::vector<T> values;
  Tensor<const T> tensor;

  Matrix(int rows, int cols) : values(std::size_t(rows) * (cols + kPad)) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols + kPad; ++c) {
        values[r * (cols + kPad) + c] = from_float<T>(c < cols ? element(r, c) : std::nanf(""));
      }
    }
    tensor = {values.data(), rows, cols, cols + kPad};
  }
};

template <class T>
class Panels : public ::testing::Test {};
using Types = ::testing::Types<float, f16, bf16>;
TYPED_TEST_SUITE(Panels, Types);

constexpr int kM = 2 * kSliverVectors * kLanes;
constexpr int kK = 24;
constexpr int kN = 5 * kColumns;
constexpr int kDeep = 48;
constexpr int kWide = 64;

template <class T, Order kOrder>
void check_left() {
  auto panel = std::make_unique<Left<T, kM, kK, kOrder>>();
  for (const int rows : {1, 3, kLanes, kLanes + 1, kM - 1, kM, kM + 5, 3 * kM}) {
    for (const int depth : {1, 2, 4, 7, kK, kK + 1, 3 * kK}) {
      const bool transposed = kOrder == Order::transposed;
      const Matrix<T> m(transposed ? depth : rows, transposed ? rows : depth);
      for (const Coord at : {Coord{}, Coord{kM, 0}, Coord{0, kK}, Coord{kM, kK}}) {
        panel->load(m.tensor, at);
        ASSERT_EQ(panel->rows, std::clamp(rows - at.row, 0, kM));
        ASSERT_EQ(panel->depth, std::clamp(depth - at.col, 0, kK));
        for (int r = 0; r < panel->rows; ++r) {
          for (int k = 0; k < panel->depth; ++k) {
            constexpr int kSliver = Left<T, kM, kK>::kSliver;
            const int row = at.row + r;
            const int col = at.col + k;
            const float got = panel->values[r / kSliver * kSliver * kK + k * kSliver + r % kSliver];
            ASSERT_EQ(got, transposed ? element(col, row) : element(row, col)) << r << ", " << k;
          }
        }
      }
    }
  }
}

TYPED_TEST(Panels, LeftInRowMajorOrder) { check_left<TypeParam, Order::row_major>(); }
TYPED_TEST(Panels, LeftTransposed) { check_left<TypeParam, Order::transposed>(); }

template <class T, Order kOrder>
void check_right() {
  auto panel = std::make_unique<Right<T, kK, kN, kOrder>>();
  for (const int depth : {1, 2, 4, 7, kK, kK + 1, 3 * kK}) {
    for (const int cols : {1, kColumns - 1, kColumns, kN - 1, kN, kN + 1, 3 * kN}) {
      const bool transposed = kOrder == Order::transposed;
      const Matrix<T> m(transposed ? cols : depth, transposed ? depth : cols);
      for (const Coord at : {Coord{}, Coord{kK, 0}, Coord{0, kN}, Coord{kK, kN}}) {
        panel->load(m.tensor, at);
        ASSERT_EQ(panel->depth, std::clamp(depth - at.row, 0, kK));
        ASSERT_EQ(panel->cols, std::clamp(cols - at.col, 0, kN));
        for (int k = 0; k < panel->depth; ++k) {
          for (int c = 0; c < ceil_div(panel->cols, kColumns) * kColumns; ++c) {
            const int row = at.row + k;
            const int col = at.col + c;
            const float want = c >= panel->cols ? 0
                               : transposed     ? element(col, row)
                                                : element(row, col);
            const float got =
                panel->values[c / kColumns * kColumns * kK + k * kColumns + c % kColumns];
            ASSERT_EQ(got, want) << k << ", " << c;
          }
        }
      }
    }
  }
}

TYPED_TEST(Panels, RightInRowMajorOrder) { check_right<TypeParam, Order::row_major>(); }
TYPED_TEST(Panels, RightTransposed) { check_right<TypeParam, Order::transposed>(); }

template <class T, Order kOrder>
void check_streamed() {
  using R = StreamedRight<T, kDeep, kWide, kOrder>;
  for (const int depth : {1, 4, kLanes - 1, kLanes + 1, kDeep, kDeep + 1}) {
    for (const int cols : {1, R::kTogether - 1, R::kTogether, kWide - 1, kWide}) {
      const bool transposed = kOrder == Order::transposed;
      const Matrix<T> m(transposed ? cols : depth, transposed ? depth : cols);
      R right;
      right.load(m.tensor, {});
      for (int col = 0; col < cols; col += R::kTogether) {
        alignas(64) float packed[kDeep * R::kTogether];
        right.pack(col, packed);
        for (int c = 0; c < R::kTogether; ++c) {
          for (int k = 0; k < right.depth; ++k) {
            const float want = col + c >= cols ? 0
                               : transposed    ? element(col + c, k)
                                               : element(k, col + c);
            ASSERT_EQ(packed[c * kDeep + k], want) << k << ", " << col + c;
          }
        }
      }
    }
  }
}

TYPED_TEST(Panels, StreamedInRowMajorOrder) { check_streamed<TypeParam, Order::row_major>(); }
TYPED_TEST(Panels, StreamedTransposed) { check_streamed<TypeParam, Order::transposed>(); }

// Two times the product of small integers: sums are exact in f32 and, being below 2⁸, in every
// type. With kSwapped it is computed as the transposed product of transposed operands.
template <class T, bool kSwapped>
void check_product() {
  auto left =
      std::make_unique<Left<T, kM, kDeep, kSwapped ? Order::transposed : Order::row_major>>();
  auto right = std::make_unique<Right<T, kDeep, kN, Order::row_major>>();
  StreamedRight<T, kDeep, kWide, Order::transposed> streamed;
  Scratch scratch;
  for (const int rows : {1, kLanes, kLanes + 3, 2 * kLanes, kM}) {
    for (const int cols : {1, 4, kN - 1, kN}) {
      const int depth = 5;
      std::vector<T> a(rows * depth);  // m × k, or k × m
      std::vector<T> b(depth * cols);  // k × n, or n × k
      for (int i = 0; i < rows * depth; ++i) a[i] = from_float<T>(1.0f * (i % 5) - 2);
      for (int i = 0; i < depth * cols; ++i) b[i] = from_float<T>(1.0f * (i % 7) - 3);
      const int height = kSwapped ? cols : rows;
      const int width = kSwapped ? rows : cols;
      const int stride = width + kPad;
      std::vector<T> c(height * stride, from_float<T>(99.0f));
      const Tensor<T> to{c.data(), height, width, stride};
      if constexpr (kSwapped) {
        left->load({a.data(), depth, rows, rows}, {});
        streamed.load({b.data(), cols, depth, depth}, {});
        Accumulator<kM, kWide> acc(scratch);
        multiply(acc, *left, streamed);
        multiply(acc, *left, streamed);
        store_transposed(to, {}, acc);
      } else {
        left->load({a.data(), rows, depth, depth}, {});
        right->load({b.data(), depth, cols, cols}, {});
        Accumulator<kM, kN> acc(scratch);
        multiply(acc, *left, *right);
        multiply(acc, *left, *right);
        store(to, {}, acc);
      }
      for (int row = 0; row < height; ++row) {
        for (int col = 0; col < stride; ++col) {
          float want = col < width ? 0 : 99;
          const int r = kSwapped ? col : row;
          const int n = kSwapped ? row : col;
          for (int k = 0; k < depth && col < width; ++k) {
            want += 2 * to_float(a[kSwapped ? k * rows + r : r * depth + k]) *
                    to_float(b[kSwapped ? n * depth + k : k * cols + n]);
          }
          ASSERT_EQ(to_float(c[row * stride + col]), want) << row << ", " << col;
        }
      }
    }
  }
}

TYPED_TEST(Panels, ProductIsStoredWithinTheTensor) { check_product<TypeParam, false>(); }
TYPED_TEST(Panels, TransposedProductIsStoredWithinTheTensor) { check_product<TypeParam, true>(); }

TEST(Accumulators, RowsAndColumnsReachTheirLambdas) {
  Scratch scratch;
  Accumulator<kM, kN> acc(scratch);
  acc.rows = kM;
  map_indexed(acc, [](auto x, auto row, auto col) {
    return select(row < 3 * col, x + 1.0f, x - static_cast<float>(col));
  });
  const auto sums = fold_columns(acc, [](FloatLanes a, FloatLanes b) { return a + b; });
  const auto tops = fold_columns(acc, [](FloatLanes a, FloatLanes b) { return max(a, b); });
  map_rows(acc, sums, [](auto x, auto sum) { return x * 2.0f + sum; });
  std::vector<float> out(kM * kN);
  store(Tensor<float>{out.data(), kM, kN, kN}, {}, acc);
  for (int r = 0; r < kM; ++r) {
    float sum = 0;
    float top = -1e9f;
    const auto value = [&](int c) { return r < 3 * c ? 1.0f : -1.0f * c; };
    for (int c = 0; c < kN; ++c) {
      sum += value(c);
      top = std::max(top, value(c));
    }
    ASSERT_EQ(sums.values[r], sum);
    ASSERT_EQ(tops.values[r], top);
    for (int c = 0; c < kN; ++c) ASSERT_EQ(out[r * kN + c], 2 * value(c) + sum);
  }
}

TEST(ScratchMemory, IsTakenAndGivenBackLikeAStack) {
  Scratch scratch;
  const void* first = nullptr;
  {
    const Scratch::Slot a(scratch, 100);
    const Scratch::Slot b(scratch, 100);
    first = a.get();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.get()) % 256, 0u);
    EXPECT_GE(static_cast<const std::byte*>(b.get()) - static_cast<const std::byte*>(a.get()), 100);
    EXPECT_THROW(Scratch::Slot(scratch, kScratchBytes), std::bad_alloc);
  }
  const Scratch::Slot again(scratch, kScratchBytes);
  EXPECT_EQ(again.get(), first);
}

}  // namespace
}  // namespace moat::cpu
