// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/column_major.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "problems/reference/gemm.hpp"

namespace moat {
namespace {

// What a column-major library does with the description: result = op(first) · second.
std::vector<float> solve(const ColumnMajorProduct& d, const std::vector<float>& first,
                         const std::vector<float>& second, std::size_t result_size) {
  std::vector<float> result(result_size, NAN);
  const int inner = d.transpose_first ? d.first.rows : d.first.cols;
  EXPECT_EQ(inner, d.inner);
  EXPECT_EQ(inner, d.second.rows);
  EXPECT_EQ(d.result.rows, d.transpose_first ? d.first.cols : d.first.rows);
  EXPECT_EQ(d.result.cols, d.second.cols);
  for (int col = 0; col < d.result.cols; ++col) {
    for (int row = 0; row < d.result.rows; ++row) {
      double sum = 0;
      for (int i = 0; i < inner; ++i) {
        const std::int64_t at =
            d.transpose_first ? i + row * d.first.leading : row + i * d.first.leading;
        sum += double{first.at(at)} * double{second.at(i + col * d.second.leading)};
      }
      result.at(row + col * d.result.leading) = static_cast<float>(sum);
    }
  }
  return result;
}

class ColumnMajor : public testing::TestWithParam<GemmProblem> {};

TEST_P(ColumnMajor, DescribesTheRowMajorProduct) {
  GemmProblem p = GetParam();
  const bool bt = p.order_b == Order::transposed;
  const std::int64_t lda = p.lda != 0 ? p.lda : p.k;
  const std::int64_t ldb = p.ldb != 0 ? p.ldb : bt ? p.k : p.n;
  const std::int64_t ldc = p.ldc != 0 ? p.ldc : p.n;
  std::vector<float> a(p.m * lda);
  std::vector<float> b((bt ? p.n : p.k) * ldb);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i * 7 % 13) - 6;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i * 5 % 11) - 5;
  p.a = a.data();
  p.b = b.data();
  const auto want = reference::gemm(p);
  const auto got = solve(column_major(p), b, a, p.m * ldc);
  for (int row = 0; row < p.m; ++row) {
    for (int col = 0; col < ldc; ++col) {
      const float c = got[row * ldc + col];
      if (col < p.n) {
        EXPECT_EQ(double{c}, want[std::size_t(row) * p.n + col].value) << row << ", " << col;
      } else {
        EXPECT_TRUE(std::isnan(c)) << "written between rows: " << row << ", " << col;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Gemm, ColumnMajor,
    testing::Values(
        GemmProblem{.m = 1, .n = 1, .k = 1}, GemmProblem{.m = 3, .n = 5, .k = 7},
        GemmProblem{.m = 3, .n = 5, .k = 7, .order_b = Order::transposed},
        GemmProblem{.m = 1, .n = 9, .k = 4, .order_b = Order::transposed},
        GemmProblem{.m = 6, .n = 2, .k = 5, .lda = 8, .ldb = 3, .ldc = 7},
        GemmProblem{
            .m = 6, .n = 2, .k = 5, .order_b = Order::transposed, .lda = 8, .ldb = 9, .ldc = 7}));

}  // namespace
}  // namespace moat
