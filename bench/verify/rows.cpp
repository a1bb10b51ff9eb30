// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/rows.hpp"

#include <fmt/format.h>

#include "bench/verify/expected.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

// An exponential costs about as much as this many multiply-adds.
constexpr double kExpWork = 10;

std::string name(std::int64_t row, std::int64_t col) {
  return fmt::format("row {}, column {}", row, col);
}

// References are computed anew for each output: they cost about as much as reading them.
template <class T>
class ExpectedRows : public Verifier::Expected {
 public:
  ExpectedRows(const RowsProblem& p, Data data, const VerifyOptions& options)
      : p_(p), problem_(p), data_(data) {
    const double row_work = kExpWork * p.cols;
    sampled_ = p.op == RowsOp::softmax && row_work * p.rows > options.full_work;
    const double wanted = sampled_ ? std::max(16.0, options.sample_work / row_work) : p.rows;
    rows_ = stratified(p.rows, wanted, stream_seed(options.seed, 30));
  }

  const Problem& problem() const override { return problem_; }

  Check check(const std::byte* output, bool guarded, Summation summation) const override {
    Check result{.passed = true, .elements = std::int64_t{p_.rows} * p_.cols, .sampled = sampled_};
    check_written(result, output, p_.dtype, p_.rows, p_.cols, p_.cols, guarded, name);
    if (!result.passed) return result;
    const T* y = reinterpret_cast<const T*>(output);
    const auto where = [&](std::int64_t i) { return name(i / p_.cols, i % p_.cols); };
    judge_all(static_cast<std::int64_t>(rows_.size()), p_.dtype, [&](std::int64_t i, Judge& judge) {
      switch (p_.op) {
        case RowsOp::softmax:
          return compare_softmax(rows_[i], y, summation, judge);
        case RowsOp::rms_norm:
          return compare_rms_norm(rows_[i], y, summation, judge);
      }
    }).report(result, where);
    if (sampled_) {
      judge_all(p_.rows, p_.dtype, [&](std::int64_t row, Judge& judge) {
        check_distribution(row, y, judge);
      }).report(result, where);
      judge_all(p_.rows, DType::f32, [&](std::int64_t row, Judge& judge) {
        check_sum(row, y, summation, judge);
      }).report(result, [](std::int64_t row) { return fmt::format("sum of row {}", row); });
    }
    return result;
  }

 private:
  const T* x(std::int64_t row) const { return static_cast<const T*>(p_.x) + row * p_.cols; }

  // Distance from the largest to the least x above −∞.
  static double widest(const T* x, int cols, double top) {
    double low = top;
    for (int i = 0; i < cols; ++i) {
      const double value = to_float(x[i]);
      if (value < low && std::isfinite(value)) low = value;
    }
    return std::isfinite(top) ? top - low : 0;
  }

  void compare_softmax(int row, const T* y, Summation summation, Judge& judge) const {
    const reference::SoftmaxRow want = reference::softmax_row(p_, row);
    const double range = widest(x(row), p_.cols, want.top);
    const std::int64_t begin = std::int64_t{row} * p_.cols;
    for (int i = 0; i < p_.cols; ++i) {
      const double from_top = want.y[i] > 0 ? want.top - to_float(x(row)[i]) : 0;
      judge.compare(begin + i, to_float(y[begin + i]), want.y[i],
                    reference::bound(p_, want.y[i], from_top, range, summation, data_));
    }
  }

  void compare_rms_norm(int row, const T* y, Summation summation, Judge& judge) const {
    const std::vector<double> want = reference::rms_norm_row(p_, row);
    const std::int64_t begin = std::int64_t{row} * p_.cols;
    for (int i = 0; i < p_.cols; ++i) {
      judge.compare(begin + i, to_float(y[begin + i]), want[i],
                    reference::bound(p_, want[i], summation, data_));
    }
  }

  // No y is negative and the largest x has the largest y.
  void check_distribution(std::int64_t row, const T* y, Judge& judge) const {
    const std::int64_t begin = row * p_.cols;
    int top = 0;
    int largest = 0;
    for (int i = 0; i < p_.cols; ++i) {
      if (to_float(x(row)[i]) > to_float(x(row)[top])) top = i;
      if (to_float(y[begin + i]) > to_float(y[begin + largest])) largest = i;
      const double got = to_float(y[begin + i]);
      if (got < 0) judge.note(begin + i, got, 0, 0);
    }
    judge.note(begin + top, to_float(y[begin + top]), to_float(y[begin + largest]), 0);
  }

  // The elements' bounds add up to this: a row sums to 1, or to 0 if it is all −∞.
  void check_sum(std::int64_t row, const T* y, Summation summation, Judge& judge) const {
    double sum = 0;
    double top = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < p_.cols; ++i) {
      sum += to_float(y[row * p_.cols + i]);
      top = std::max(top, double{to_float(x(row)[i])});
    }
    if (!std::isfinite(top)) {
      judge.note(row, sum, 0, 0);
      return;
    }
    const double range = widest(x(row), p_.cols, top);
    const double bound =
        reference::bound(p_, 1.0, range, range, summation, data_) +
        p_.cols * (reference::underflow(p_.dtype) + reference::underflow(DType::f32));
    judge.note(row, sum, 1, bound);
  }

  RowsProblem p_;
  Problem problem_;
  Data data_;
  bool sampled_ = false;
  std::vector<int> rows_;
};

}  // namespace

std::unique_ptr<Verifier::Expected> expect(const RowsProblem& host, Data data,
                                           const VerifyOptions& options) {
  return with_dtype(host.dtype, [&]<class T>(Type<T>) -> std::unique_ptr<Verifier::Expected> {
    return std::make_unique<ExpectedRows<T>>(host, data, options);
  });
}

}  // namespace moat
