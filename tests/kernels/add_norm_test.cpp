// SPDX-License-Identifier: Apache-2.0
#include "problems/add_norm.hpp"

#include "problems/reference/add_norm.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class AddNormTest : public KernelTest {
 protected:
  void check(int rows, int cols, const HostArray& x, const HostArray& residual) {
    SCOPED_TRACE(::testing::Message() << rows << " x " << cols);
    const auto weight = random_array(dtype(), cols, 23);
    const auto poison = [](std::int64_t) { return std::nanf(""); };
    HostArray sum(dtype(), x.count(), poison);
    HostArray y(dtype(), x.count(), poison);
    const AddNormProblem p{dtype(),         rows,          cols,       1e-5f,   x.data(),
                           residual.data(), weight.data(), sum.data(), y.data()};
    run_on<AddNormProblem>(device(), p,
                           {{&AddNormProblem::x, x.size()},
                            {&AddNormProblem::residual, residual.size()},
                            {&AddNormProblem::weight, weight.size()}},
                           {{&AddNormProblem::sum, sum.size()}, {&AddNormProblem::y, y.size()}});
    double worst = 0;
    for (int row = 0; row < rows; ++row) {
      std::vector<double> sums(cols);
      for (int i = 0; i < cols; ++i) {
        const std::int64_t at = std::int64_t{row} * cols + i;
        const auto want = reference::residual_sum(p, at);
        worst =
            std::max(worst, reference::error_over_bound(sum[at], want.value, want.bound, dtype()));
        sums[i] = sum[at];
      }
      const auto want = reference::norm_of_sums(p, sums);
      for (int i = 0; i < cols; ++i) {
        const double bound =
            reference::bound(p, want[i], reference::Summation::folded, reference::Data::any);
        worst = std::max(worst, reference::error_over_bound(y[std::int64_t{row} * cols + i],
                                                            want[i], bound, dtype()));
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check(int rows, int cols, float scale) {
    const std::int64_t elements = std::int64_t{rows} * cols;
    check(rows, cols, random_array(dtype(), elements, 1, scale),
          random_array(dtype(), elements, 2, scale));
  }
};

TEST_P(AddNormTest, EveryShortLength) {
  for (int cols = 1; cols <= 70; ++cols) check(3, cols, 4);
}

TEST_P(AddNormTest, LongAndPrimeRows) {
  for (const auto& [rows, cols] : {std::pair{1, 8192}, {5, 4093}, {37, 1009}, {2, 131071}}) {
    check(rows, cols, 3);
  }
}

// What is left of a sum is its rounding errors, and epsilon decides.
TEST_P(AddNormTest, ResidualsThatCancel) {
  const auto x = random_array(dtype(), 3000, 7, 8);
  const HostArray opposite(dtype(), 3000, [&](std::int64_t i) {
    const auto value = static_cast<float>(-x[i]);
    return i % 5 == 0 ? value * (1 + 0x1p-6f) : value;
  });
  check(3, 1000, x, opposite);
}

INSTANTIATE_TEST_SUITE_P(Cpu, AddNormTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
