// SPDX-License-Identifier: Apache-2.0
// GEMM in float64. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "problems/gemm.hpp"
#include "problems/reference/estimate.hpp"

namespace moat::reference {

// Index of A(row, step) and B(step, col) in memory.
inline std::int64_t index_a(const GemmProblem& p, std::int64_t row, std::int64_t step) {
  return row * (p.lda ? p.lda : p.k) + step;
}
inline std::int64_t index_b(const GemmProblem& p, std::int64_t step, std::int64_t col) {
  return p.order_b == Order::transposed ? col * (p.ldb ? p.ldb : p.k) + step
                                        : step * (p.ldb ? p.ldb : p.n) + col;
}

// A·Bᵀ of decoded operands, A m × k and B n × k, which the problem points to.
inline GemmProblem decoded_product(int m, int n, int k, const std::vector<float>& a,
                                   const std::vector<float>& b) {
  return {.dtype = DType::f32,
          .m = m,
          .n = n,
          .k = k,
          .order_b = Order::transposed,
          .a = a.data(),
          .b = b.data()};
}

// C(row, col), from the k products.
inline Estimate gemm_at(const GemmProblem& p, int row, int col) {
  Estimate c;
  for (int i = 0; i < p.k; ++i) {
    c.add(read(p.a, p.dtype, index_a(p, row, i)) * read(p.b, p.dtype, index_b(p, i, col)));
  }
  return c;
}

namespace detail {

inline constexpr int kGemmRows = 4;
inline constexpr int kGemmCols = 16;

// Adds the products of 4 rows (`a`: steps × 4) and 16 columns (`b`: steps × 16) to `c`, rows
// `stride` apart.
inline void gemm_tile(const double* a, const double* b, int steps, Estimate* c,
                      std::int64_t stride) {
  double value[kGemmRows][kGemmCols] = {};
  double abs[kGemmRows][kGemmCols] = {};
  double square[kGemmRows][kGemmCols] = {};
  for (int s = 0; s < steps; ++s) {
    for (int i = 0; i < kGemmRows; ++i) {
      for (int j = 0; j < kGemmCols; ++j) {
        const double term = a[s * kGemmRows + i] * b[s * kGemmCols + j];
        value[i][j] += term;
        abs[i][j] += term < 0 ? -term : term;
        square[i][j] += term * term;
      }
    }
  }
  for (int i = 0; i < kGemmRows; ++i) {
    for (int j = 0; j < kGemmCols; ++j) {
      Estimate& e = c[i * stride + j];
      e.value += value[i][j];
      e.abs += abs[i][j];
      e.square += square[i][j];
    }
  }
}

}  // namespace detail

// The elements of C in the given rows and columns, row after row: rows.size() × cols.size().
// Costs rows · cols · k products.
inline std::vector<Estimate> gemm(const GemmProblem& p, std::span<const int> rows,
                                  std::span<const int> cols) {
  constexpr int kR = detail::kGemmRows;
  constexpr int kC = detail::kGemmCols;
  constexpr int kSteps = 512;
  const auto row_tiles = static_cast<int>(ceil_div(rows.size(), std::size_t{kR}));
  const auto col_tiles = static_cast<int>(ceil_div(cols.size(), std::size_t{kC}));
  const std::int64_t stride = std::int64_t{col_tiles} * kC;
  std::vector<Estimate> padded(std::int64_t{row_tiles} * kR * stride);
  std::vector<double> a(std::size_t(row_tiles) * kR * kSteps);
  std::vector<double> b(std::size_t{kC} * kSteps);
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const auto* pa = static_cast<const T*>(p.a);
    const auto* pb = static_cast<const T*>(p.b);
    for (int first = 0; first < p.k; first += kSteps) {
      const int steps = std::min(kSteps, p.k - first);
      for (int t = 0; t < row_tiles; ++t) {
        double* to = a.data() + std::size_t(t) * kR * kSteps;
        for (int i = 0; i < kR; ++i) {
          const std::size_t r = std::size_t(t) * kR + i;
          for (int s = 0; s < steps; ++s) {
            to[s * kR + i] = r < rows.size() ? to_float(pa[index_a(p, rows[r], first + s)]) : 0.0;
          }
        }
      }
      for (int c = 0; c < col_tiles; ++c) {
        for (int j = 0; j < kC; ++j) {
          const std::size_t col = std::size_t(c) * kC + j;
          for (int s = 0; s < steps; ++s) {
            b[s * kC + j] =
                col < cols.size() ? to_float(pb[index_b(p, first + s, cols[col])]) : 0.0;
          }
        }
        for (int r = 0; r < row_tiles; ++r) {
          detail::gemm_tile(a.data() + std::size_t(r) * kR * kSteps, b.data(), steps,
                            padded.data() + std::int64_t{r} * kR * stride + std::int64_t{c} * kC,
                            stride);
        }
      }
    }
  });
  std::vector<Estimate> result;
  result.reserve(rows.size() * cols.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto begin = padded.begin() + static_cast<std::ptrdiff_t>(r) * stride;
    result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(cols.size()));
  }
  return result;
}

// Σ|a·b| over the products with a factor below `least`, which a device that takes those for zero
// may lose: rows.size() × cols.size().
inline std::vector<double> gemm_flushed(const GemmProblem& p, std::span<const int> rows,
                                        std::span<const int> cols, double least) {
  const auto a = [&](int row, int s) { return std::abs(read(p.a, p.dtype, index_a(p, row, s))); };
  const auto b = [&](int s, int col) { return std::abs(read(p.b, p.dtype, index_b(p, s, col))); };
  // They are few.
  const auto steps = [&](auto&& at) {
    std::vector<int> below;
    for (int s = 0; least > 0 && s < p.k; ++s) {
      if (at(s) < least) below.push_back(s);
    }
    return below;
  };
  std::vector<std::vector<int>> of_cols;
  for (const int col : cols) {
    of_cols.push_back(steps([&](int s) { return b(s, col); }));
  }
  std::vector<double> lost;
  lost.reserve(rows.size() * cols.size());
  for (const int row : rows) {
    const std::vector<int> of_row = steps([&](int s) { return a(row, s); });
    for (std::size_t j = 0; j < cols.size(); ++j) {
      double sum = 0;
      for (const int s : of_row) sum += a(row, s) * b(s, cols[j]);
      for (const int s : of_cols[j]) {
        if (const double x = a(row, s); x >= least) sum += x * b(s, cols[j]);
      }
      lost.push_back(sum);
    }
  }
  return lost;
}

// All of C: m × n.
inline std::vector<Estimate> gemm(const GemmProblem& p) {
  std::vector<int> rows(p.m);
  std::vector<int> cols(p.n);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(cols.begin(), cols.end(), 0);
  return gemm(p, rows, cols);
}

}  // namespace moat::reference
