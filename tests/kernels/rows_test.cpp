// SPDX-License-Identifier: Apache-2.0
#include "problems/rows.hpp"

#include "problems/reference/rows.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class RowsTest : public KernelTest {
 protected:
  HostArray run(RowsOp op, int rows, int cols, const HostArray& x, const HostArray& weight) {
    HostArray y(dtype(), std::int64_t{rows} * cols, [](std::int64_t) { return std::nanf(""); });
    const RowsProblem p{op, dtype(), rows, cols, 1e-5f, x.data(), weight.data(), y.data()};
    run_on<RowsProblem>(device(), p,
                        {{&RowsProblem::x, x.size()}, {&RowsProblem::weight, weight.size()}},
                        &RowsProblem::y, y.size());
    return y;
  }

  void check_softmax(int rows, int cols, const HostArray& x) {
    SCOPED_TRACE(::testing::Message() << "softmax " << rows << " x " << cols);
    const HostArray weight(dtype(), cols);
    const auto y = run(RowsOp::softmax, rows, cols, x, weight);
    const RowsProblem p{
        .op = RowsOp::softmax, .dtype = dtype(), .rows = rows, .cols = cols, .x = x.data()};
    double worst = 0;
    for (int row = 0; row < rows; ++row) {
      const auto want = reference::softmax_row(p, row);
      const std::int64_t begin = std::int64_t{row} * cols;
      double widest = 0;
      for (int i = 0; i < cols; ++i) {
        if (const double range = want.top - x[begin + i]; std::isfinite(range)) {
          widest = std::max(widest, range);
        }
      }
      for (int i = 0; i < cols; ++i) {
        // What lies −∞ below the top weighs exactly nothing.
        const double range = std::isfinite(x[begin + i]) ? want.top - x[begin + i] : 0;
        const double bound = reference::bound(p, want.y[i], range, widest,
                                              reference::Summation::folded, reference::Data::any);
        worst =
            std::max(worst, reference::error_over_bound(y[begin + i], want.y[i], bound, dtype()));
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check_rms_norm(int rows, int cols, const HostArray& x) {
    SCOPED_TRACE(::testing::Message() << "rms_norm " << rows << " x " << cols);
    const auto weight = random_array(dtype(), cols, 23);
    const auto y = run(RowsOp::rms_norm, rows, cols, x, weight);
    const RowsProblem p{RowsOp::rms_norm, dtype(), rows, cols, 1e-5f, x.data(), weight.data()};
    double worst = 0;
    for (int row = 0; row < rows; ++row) {
      const auto want = reference::rms_norm_row(p, row);
      for (int i = 0; i < cols; ++i) {
        const double bound =
            reference::bound(p, want[i], reference::Summation::folded, reference::Data::any);
        worst = std::max(worst, reference::error_over_bound(y[std::int64_t{row} * cols + i],
                                                            want[i], bound, dtype()));
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check(int rows, int cols, const HostArray& x) {
    check_softmax(rows, cols, x);
    check_rms_norm(rows, cols, x);
  }
};

TEST_P(RowsTest, EveryShortLength) {
  for (int cols = 1; cols <= 70; ++cols) {
    check(3, cols, random_array(dtype(), 3 * cols, static_cast<unsigned>(cols), 4));
  }
}

TEST_P(RowsTest, LongAndPrimeRows) {
  for (const auto& [rows, cols] :
       {std::pair{1, 8192}, {5, 4093}, {37, 1009}, {2, 131071}, {1, 1000003}}) {
    check(rows, cols, random_array(dtype(), std::int64_t{rows} * cols, 9, 3));
  }
}

TEST_P(RowsTest, EqualElements) {
  check(2, 1000, {dtype(), 2000, [](std::int64_t) { return 7.0f; }});
  check(2, 33, {dtype(), 66, [](std::int64_t) { return 0.0f; }});
}

TEST_P(RowsTest, LargeLogits) {
  const float large = dtype() == DType::f16 ? 6e4f : 1e30f;
  check_softmax(3, 77, {dtype(), 231, [&](std::int64_t i) {
                          return i % 7 == 0 ? large : i % 7 == 1 ? -large : 0.0f;
                        }});
  check_softmax(3, 77,
                {dtype(), 231, [](std::int64_t i) { return static_cast<float>(i % 77) * 3; }});
}

TEST_P(RowsTest, Subnormals) {
  check(2, 100,
        {dtype(), 200, [](std::int64_t i) { return 0x1p-140f * static_cast<float>(i % 9); }});
}

// Hidden elements are −∞; a row that is hidden altogether gives zeros.
TEST_P(RowsTest, SoftmaxOfMinusInfinity) {
  check_softmax(
      3, 200, {dtype(), 600, [](std::int64_t i) { return i < 200 || i % 2 ? -kInfinity : 1.0f; }});
}

// A row that several workers share, of whose parts some hold nothing else.
TEST_P(RowsTest, SoftmaxOfPartsOfMinusInfinity) {
  constexpr int kLong = 33001;
  for (const int finite : {22000, kLong - 1}) {
    check_softmax(1, kLong,
                  {dtype(), kLong, [&](std::int64_t i) { return i < finite ? -kInfinity : 1.0f; }});
  }
}

TEST_P(RowsTest, NormOfLargeValues) {
  const float large = dtype() == DType::f16 ? 6e4f : 1e17f;
  check_rms_norm(2, 500, {dtype(), 1000, [&](std::int64_t i) { return i % 3 ? large : -large; }});
}

INSTANTIATE_TEST_SUITE_P(Cpu, RowsTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
