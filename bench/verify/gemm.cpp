// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/gemm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>

#include "bench/cases/case.hpp"
#include "bench/verify/product.hpp"
#include "bench/verify/random.hpp"
#include "problems/reference/code_sums.hpp"

namespace moat {
namespace {

using reference::Estimate;

constexpr int kChunk = 256;

// Bands of equal width over 0 … count; the last may be narrower.
struct Bands {
  int count;
  int width;
  int begin(int band) const { return band * width; }
};

Bands bands(int extent, double wanted) {
  const double most = std::max(1.0, std::ceil(extent / 256.0));
  const int width = ceil_div(extent, static_cast<int>(std::clamp(std::floor(wanted), 1.0, most)));
  return {.count = ceil_div(extent, width), .width = width};
}

// Norms of a row of A or a column of B: Σx² and Σx⁴, and Σx² of what counts as zero; of a band,
// also its Σ weight².
struct Moments {
  double second = 0;
  double fourth = 0;
  double flushed = 0;
  double weight = 0;

  // Below `least` x counts as zero.
  void add(double x, double least) {
    const double square = x * x;
    second += square;
    fourth += square * square;
    if (std::abs(x) < least) flushed += square;
  }
};

// Operands below this count as zero.
double least_of(const Product& product, const VerifyOptions& options) {
  return options.flushes_subnormals ? reference::flushed_below(product.multiplied) : 0;
}

// C·x and y·C over bands of columns and rows. x and y are of random signs, and as large as makes
// all columns and rows alike: a fault in a small one shows beside a large one.
template <class T>
class Freivalds {
 public:
  Freivalds(const Product& product, Data data, const VerifyOptions& options)
      : p_(product.operands),
        result_(product.result),
        operand_error_(product.operand_error),
        data_(data),
        least_(least_of(product, options)),
        col_bands_(bands(p_.n, options.sample_work / p_.m / p_.k)),
        row_bands_(bands(p_.m, options.sample_work / p_.n / p_.k)) {
    moments();
    weight_cols_ = weights(col_moments_, stream_seed(options.seed, 10));
    weight_rows_ = weights(row_moments_, stream_seed(options.seed, 11));
    col_band_moments_ = banded(col_moments_, weight_cols_, col_bands_);
    row_band_moments_ = banded(row_moments_, weight_rows_, row_bands_);
    right();
    left();
    if (product.sums) lose(*product.sums);
  }

  // Compares the sums over each row's and each column's bands.
  template <class C>
  void check(const C* c, Check& result) const {
    const std::int64_t ldc = p_.ldc ? p_.ldc : p_.n;
    const int k = p_.k;
    const double tiny = reference::underflow(result_) + k * reference::underflow(DType::f32);
    const double growth = operand_error_ + reference::growth(k, data_) * (1 + operand_error_);
    const double roundoff = reference::unit_roundoff(result_);
    // Over elements with Σ (weight · got)² = `squares`: λ · sqrt(Σ bound²).
    const auto bound = [&](const Moments& one, const Moments& many, double squares) {
      return reference::kLambda * (growth * (1 + roundoff) * spread(one, many) +
                                   roundoff * (1 + 2 * roundoff) * std::sqrt(squares) +
                                   tiny * std::sqrt(many.weight) + flushed(one, many));
    };
    const auto lost = [](const std::vector<double>& of, std::int64_t index) {
      return of.empty() ? 0.0 : of[index];
    };
    judge_all(p_.m, DType::f32, [&](std::int64_t row, Judge& judge) {
      for (int band = 0; band < col_bands_.count; ++band) {
        const int begin = col_bands_.begin(band);
        const int end = std::min(begin + col_bands_.width, p_.n);
        double sum = 0;
        double squares = 0;
#pragma omp simd reduction(+ : sum, squares)
        for (int j = begin; j < end; ++j) {
          const double x = weight_cols_[j] * to_float(c[row * ldc + j]);
          sum += x;
          squares += x * x;
        }
        const std::int64_t index = row * col_bands_.count + band;
        judge.note(
            index, sum, right_[index],
            bound(row_moments_[row], col_band_moments_[band], squares) + lost(right_lost_, index));
      }
    }).report(result, [&](std::int64_t index) {
      return fmt::format("signed sum of row {}, columns from {}", index / col_bands_.count,
                         col_bands_.begin(static_cast<int>(index % col_bands_.count)));
    });
    judge_all(ceil_div(p_.n, kChunk), DType::f32, [&](std::int64_t chunk, Judge& judge) {
      const int first = static_cast<int>(chunk) * kChunk;
      const int width = std::min(kChunk, p_.n - first);
      for (int band = 0; band < row_bands_.count; ++band) {
        std::array<double, kChunk> sum{};
        std::array<double, kChunk> squares{};
        const int begin = row_bands_.begin(band);
        const int end = std::min(begin + row_bands_.width, p_.m);
        for (int i = begin; i < end; ++i) {
          const C* row = c + i * ldc + first;
          for (int j = 0; j < width; ++j) {
            const double x = weight_rows_[i] * to_float(row[j]);
            sum[j] += x;
            squares[j] += x * x;
          }
        }
        for (int j = 0; j < width; ++j) {
          const std::int64_t index = std::int64_t{band} * p_.n + first + j;
          judge.note(index, sum[j], left_[index],
                     bound(col_moments_[first + j], row_band_moments_[band], squares[j]) +
                         lost(left_lost_, index));
        }
      }
    }).report(result, [&](std::int64_t index) {
      return fmt::format("signed sum of column {}, rows from {}", index % p_.n,
                         row_bands_.begin(static_cast<int>(index / p_.n)));
    });
  }

 private:
  // ± the power of two next to 1 ÷ the root mean square of each row or column.
  std::vector<double> weights(const std::vector<Moments>& moments, std::uint64_t seed) const {
    std::vector<double> x(moments.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double mean = moments[i].second / p_.k;
      const double size = mean > 0 ? std::exp2(-std::round(std::log2(mean) / 2)) : 1.0;
      x[i] = random_sign(seed, i) * size;
    }
    return x;
  }

  // Of a band, Σ over its weighted members of Σx² and of sqrt(Σx⁴), as `spread` wants them.
  static std::vector<Moments> banded(const std::vector<Moments>& moments,
                                     const std::vector<double>& weights, const Bands& of) {
    std::vector<Moments> result(of.count);
    for (std::size_t i = 0; i < moments.size(); ++i) {
      Moments& band = result[i / static_cast<std::size_t>(of.width)];
      const double square = weights[i] * weights[i];
      band.second += square * moments[i].second;
      band.fourth += square * std::sqrt(moments[i].fourth);
      band.flushed += square * moments[i].flushed;
      band.weight += square;
    }
    return result;
  }

  // sqrt(Σ over many of spread²), each spread bounded by the Cauchy-Schwarz inequality.
  double spread(const Moments& one, const Moments& many) const {
    const double abs = one.second * many.second;
    if (data_ == Data::any) return std::sqrt(abs);
    const double lambda = reference::kLambda;
    return std::sqrt(std::min(abs, lambda * lambda * std::sqrt(one.fourth) * many.fourth));
  }

  // sqrt(Σ over many of (Σ|a·b| of what counts as zero)²), by the same inequality.
  static double flushed(const Moments& one, const Moments& many) {
    return std::sqrt(one.flushed * many.second) + std::sqrt(one.second * many.flushed);
  }

  const T* a(std::int64_t row, std::int64_t step) const {
    return static_cast<const T*>(p_.a) + reference::index_a(p_, row, step);
  }
  const T* b(std::int64_t step, std::int64_t col) const {
    return static_cast<const T*>(p_.b) + reference::index_b(p_, step, col);
  }
  bool transposed() const { return p_.order_b == Order::transposed; }

  // Calls f(first, width) for chunks of 0 … count on all threads.
  template <class F>
  static void chunks(int count, F&& f) {
#pragma omp parallel for schedule(dynamic)
    for (int first = 0; first < count; first += kChunk) f(first, std::min(kChunk, count - first));
  }

  void moments() {
    row_moments_.resize(p_.m);
    chunks(p_.m, [&](int first, int width) {
      for (int i = first; i < first + width; ++i) {
        for (int s = 0; s < p_.k; ++s) row_moments_[i].add(to_float(*a(i, s)), least_);
      }
    });
    col_moments_.resize(p_.n);
    chunks(p_.n, [&](int first, int width) {
      if (transposed()) {
        for (int j = first; j < first + width; ++j) {
          for (int s = 0; s < p_.k; ++s) col_moments_[j].add(to_float(*b(s, j)), least_);
        }
        return;
      }
      for (int s = 0; s < p_.k; ++s) {
        const T* row = b(s, first);
        for (int j = 0; j < width; ++j) col_moments_[first + j].add(to_float(row[j]), least_);
      }
    });
  }

  // A·(B·x): m × bands.
  void right() {
    const int count = col_bands_.count;
    std::vector<double> z(std::int64_t{count} * p_.k);
    chunks(p_.k, [&](int first, int width) {
      if (transposed()) {
        for (int j = 0; j < p_.n; ++j) {
          double* to = z.data() + std::int64_t{j / col_bands_.width} * p_.k + first;
          const T* column = b(first, j);
          for (int s = 0; s < width; ++s) to[s] += weight_cols_[j] * to_float(column[s]);
        }
        return;
      }
      for (int s = first; s < first + width; ++s) {
        const T* row = b(s, 0);
        for (int band = 0; band < count; ++band) {
          const int end = std::min(col_bands_.begin(band + 1), p_.n);
          double sum = 0;
#pragma omp simd reduction(+ : sum)
          for (int j = col_bands_.begin(band); j < end; ++j) {
            sum += weight_cols_[j] * to_float(row[j]);
          }
          z[std::int64_t{band} * p_.k + s] = sum;
        }
      }
    });
    right_.resize(std::int64_t{p_.m} * count);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < p_.m; ++i) {
      const std::vector<double> row = widened(a(i, 0), p_.k);
      for (int band = 0; band < count; ++band) {
        right_[std::int64_t{i} * count + band] =
            dot(row.data(), z.data() + std::int64_t{band} * p_.k);
      }
    }
  }

  // (y·A)·B: bands × n.
  void left() {
    const int count = row_bands_.count;
    std::vector<double> w(std::int64_t{count} * p_.k);
    chunks(p_.k, [&](int first, int width) {
      for (int i = 0; i < p_.m; ++i) {
        double* to = w.data() + std::int64_t{i / row_bands_.width} * p_.k + first;
        const T* row = a(i, first);
        for (int s = 0; s < width; ++s) to[s] += weight_rows_[i] * to_float(row[s]);
      }
    });
    left_.resize(std::int64_t{count} * p_.n);
    chunks(p_.n, [&](int first, int width) {
      if (transposed()) {
        for (int j = first; j < first + width; ++j) {
          const std::vector<double> column = widened(b(0, j), p_.k);
          for (int band = 0; band < count; ++band) {
            left_[std::int64_t{band} * p_.n + j] =
                dot(column.data(), w.data() + std::int64_t{band} * p_.k);
          }
        }
        return;
      }
      for (int s = 0; s < p_.k; ++s) {
        const std::vector<double> row = widened(b(s, first), width);
        for (int band = 0; band < count; ++band) {
          const double factor = w[std::int64_t{band} * p_.k + s];
          double* to = left_.data() + std::int64_t{band} * p_.n + first;
          for (int j = 0; j < width; ++j) to[j] += factor * row[j];
        }
      }
    });
  }

  // What sums of codes lose in C·x and in y·C.
  void lose(const CodeSums& sums) {
    const ScaledGemmProblem& p = sums.codes;
    const auto a = reference::code_blocks(p, p.a, p.a_scales, p.m, 1);
    const auto b = reference::code_blocks(p, p.b, p.b_scales, p.n, kPerScale);
    const auto blocks = static_cast<std::size_t>(ceil_div(p.k, kPerScale));
    const auto banded = [&](const std::vector<reference::CodeBlock>& of,
                            const std::vector<double>& weights, const Bands& in) {
      std::vector<reference::CodeBlocks> result(in.count * blocks);
      for (std::size_t i = 0; i < of.size(); ++i) {
        const std::size_t line = i / blocks;
        result[line / static_cast<std::size_t>(in.width) * blocks + i % blocks].add(of[i],
                                                                                    weights[line]);
      }
      return result;
    };
    const auto bound = [&](const std::vector<reference::CodeBlock>& one, std::int64_t line,
                           const std::vector<reference::CodeBlocks>& many, int band) {
      return reference::code_loss_bound(std::span(one).subspan(line * blocks, blocks),
                                        std::span(many).subspan(band * blocks, blocks), sums.bits,
                                        data_);
    };
    const auto b_banded = banded(b, weight_cols_, col_bands_);
    const auto a_banded = banded(a, weight_rows_, row_bands_);
    for (int i = 0; i < p.m; ++i) {
      for (int band = 0; band < col_bands_.count; ++band) {
        right_lost_.push_back(bound(a, i, b_banded, band));
      }
    }
    for (int band = 0; band < row_bands_.count; ++band) {
      for (int j = 0; j < p.n; ++j) left_lost_.push_back(bound(b, j, a_banded, band));
    }
  }

  static std::vector<double> widened(const T* x, int count) {
    std::vector<double> wide(count);
    for (int i = 0; i < count; ++i) wide[i] = to_float(x[i]);
    return wide;
  }

  double dot(const double* x, const double* y) const {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int s = 0; s < p_.k; ++s) sum += x[s] * y[s];
    return sum;
  }

  GemmProblem p_;
  DType result_;
  double operand_error_;
  Data data_;
  double least_;  // what is smaller counts as zero
  std::vector<double> weight_cols_, weight_rows_;
  Bands col_bands_, row_bands_;
  std::vector<Moments> row_moments_, col_moments_, col_band_moments_, row_band_moments_;
  std::vector<double> right_, left_;
  std::vector<double> right_lost_, left_lost_;  // of these; empty if nothing is
};

// Operands of T and a result of C.
template <class T, class C>
class ExpectedProduct : public Verifier::Expected {
 public:
  ExpectedProduct(const Product& product, Data data, const VerifyOptions& options)
      : product_(product) {
    const GemmProblem& p = product_.operands;
    const double least = least_of(product_, options);
    // An element costs at least some 16 multiply-adds beside its products.
    const double cost = std::max(p.k, 16);
    const double elements = 1.0 * p.m * p.n;
    if (elements * cost <= options.full_work) {
      rows_ = stratified(p.m, p.m, 0);
      cols_ = stratified(p.n, p.n, 0);
    } else {
      const double wanted = std::max(64.0, options.sample_work / cost);
      const double side = std::sqrt(wanted);
      const double rows = p.n < side ? wanted / p.n : side;
      const double cols = p.m < side ? wanted / p.m : side;
      rows_ = stratified(p.m, rows, stream_seed(options.seed, 12));
      cols_ = stratified(p.n, cols, stream_seed(options.seed, 13));
      invariant_ = std::make_unique<Freivalds<T>>(product_, data, options);
    }
    // Blocks of rows or columns on all threads, whichever there are more of.
    constexpr std::size_t kBlock = 64;
    targets_.resize(rows_.size() * cols_.size());
    const bool by_rows = rows_.size() > cols_.size();
    const std::size_t count = by_rows ? rows_.size() : cols_.size();
#pragma omp parallel for schedule(dynamic)
    for (std::size_t first = 0; first < count; first += kBlock) {
      const std::size_t width = std::min(kBlock, count - first);
      std::span<const int> rows = rows_;
      std::span<const int> cols = cols_;
      (by_rows ? rows : cols) = (by_rows ? rows : cols).subspan(first, width);
      const std::vector<Estimate> estimates = reference::gemm(p, rows, cols);
      std::vector<double> lost(estimates.size());
      if (least > 0) lost = reference::gemm_flushed(p, rows, cols, least);
      if (const auto& sums = product_.sums) {
        const auto of_codes = reference::code_losses(sums->codes, rows, cols, sums->bits, data);
        std::ranges::transform(lost, of_codes, lost.begin(), std::plus{});
      }
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = 0; j < cols.size(); ++j) {
          const std::size_t at = i * cols.size() + j;
          const Estimate& e = estimates[at];
          const std::size_t row = by_rows ? first + i : i;
          const std::size_t col = by_rows ? j : first + j;
          targets_[row * cols_.size() + col] = {
              .value = e.value,
              .bound = reference::product_bound(p.k, product_.result, e, data,
                                                product_.operand_error, lost[at])};
        }
      }
    }
  }

  const Problem& problem() const override { return product_.problem; }

  Check check(const std::byte* output, bool guarded, Summation) const override {
    const GemmProblem& p = product_.operands;
    Check result{
        .passed = true, .elements = std::int64_t{p.m} * p.n, .sampled = invariant_ != nullptr};
    const std::int64_t ldc = p.ldc ? p.ldc : p.n;
    check_written(result, output, product_.result, p.m, p.n, ldc, guarded, name);
    if (!result.passed) return result;
    const C* c = reinterpret_cast<const C*>(output);
    const auto cols = static_cast<std::int64_t>(cols_.size());
    const auto rows = static_cast<std::int64_t>(rows_.size());
    judge_all(rows, product_.result, [&](std::int64_t i, Judge& judge) {
      for (std::int64_t j = 0; j < cols; ++j) {
        const Bounded& allowed = targets_[i * cols + j];
        judge.compare(i * cols + j, to_float(c[rows_[i] * ldc + cols_[j]]), allowed.value,
                      allowed.bound);
      }
    }).report(result, [&](std::int64_t i) { return name(rows_[i / cols], cols_[i % cols]); });
    if (invariant_) invariant_->check(c, result);
    return result;
  }

 private:
  static std::string name(std::int64_t row, std::int64_t col) {
    return fmt::format("row {}, column {}", row, col);
  }

  Product product_;
  std::vector<int> rows_, cols_;
  std::vector<Bounded> targets_;  // rows × cols
  std::unique_ptr<Freivalds<T>> invariant_;
};

}  // namespace

std::unique_ptr<Verifier::Expected> expect_product(const Product& product, Data data,
                                                   const VerifyOptions& options) {
  using Made = std::unique_ptr<Verifier::Expected>;
  return with_dtype(product.result, [&]<class C>(Type<C>) -> Made {
    if (product.operands.dtype == product.result) {
      return std::make_unique<ExpectedProduct<C, C>>(product, data, options);
    }
    if (product.operands.dtype == DType::f32) {
      return std::make_unique<ExpectedProduct<float, C>>(product, data, options);
    }
    throw std::logic_error("operands are of the result's type or f32");
  });
}

std::unique_ptr<Verifier::Expected> expect(const GemmProblem& host, Data data,
                                           const VerifyOptions& options) {
  return expect_product(
      {.operands = host, .result = host.dtype, .multiplied = host.dtype, .problem = host}, data,
      options);
}

}  // namespace moat
