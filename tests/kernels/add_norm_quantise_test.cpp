// SPDX-License-Identifier: Apache-2.0
#include "problems/add_norm_quantise.hpp"

#include <cmath>

#include "problems/reference/add_norm.hpp"
#include "problems/reference/quantise.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class AddNormQuantiseTest : public KernelTest {
 protected:
  using Bytes = std::vector<std::uint8_t>;
  using P = AddNormQuantiseProblem;

  template <class C>
  void check(Type<C>, P p, const HostArray& x, const HostArray& residual) {
    SCOPED_TRACE(::testing::Message() << name_of(p.code) << ' ' << p.rows << " x " << p.cols
                                      << (p.ue8m0 ? " ue8m0" : ""));
    const auto weight = random_array(dtype(), p.cols, 23);
    HostArray sum(dtype(), x.count(), [](std::int64_t) { return std::nanf(""); });
    const std::int64_t across = ceil_div(p.cols, kPerScale);
    Bytes codes(x.count(), 0xaa);
    Bytes scales(p.rows * across * (p.ue8m0 ? 1 : 4), 0xaa);
    p.dtype = dtype();
    p.x = x.data();
    p.residual = residual.data();
    p.weight = weight.data();
    p.sum = sum.data();
    p.codes = codes.data();
    p.scales = scales.data();
    run_on<P>(device(), p,
              {{&P::x, x.size()}, {&P::residual, residual.size()}, {&P::weight, weight.size()}},
              {{&P::sum, sum.size()}, {&P::codes, codes.size()}, {&P::scales, scales.size()}});
    const AddNormProblem norm{.dtype = dtype(),
                              .rows = p.rows,
                              .cols = p.cols,
                              .x = p.x,
                              .residual = p.residual,
                              .weight = p.weight};
    const RowsProblem in_f32{.op = RowsOp::rms_norm, .cols = p.cols};
    int wrong_sums = 0;
    int wrong_scales = 0;
    int wrong_codes = 0;
    for (int row = 0; row < p.rows; ++row) {
      const std::int64_t begin = std::int64_t{row} * p.cols;
      std::vector<double> sums(p.cols);
      for (int i = 0; i < p.cols; ++i) {
        sums[i] = sum[begin + i];
        const auto want = reference::residual_sum(norm, begin + i);
        wrong_sums += std::abs(sums[i] - want.value) <= want.bound ? 0 : 1;
      }
      const std::vector<double> y = reference::norm_of_sums(norm, sums);
      // That of y in f32, which lies between 0 and 1 or is larger.
      const double error =
          reference::bound(in_f32, 1.0, reference::Summation::folded, reference::Data::any);
      for (int first = 0; first < p.cols; first += kPerScale) {
        const int end = std::min(first + kPerScale, p.cols);
        double amax = 0;
        for (int i = first; i < end; ++i) amax = std::max(amax, std::abs(y[i]));
        const double want = reference::exact_scale(amax, p.code);
        const std::int64_t at = row * across + first / kPerScale;
        const double scale =
            p.ue8m0 ? decode(e8m0{scales[at]}) : reference::read(scales.data(), DType::f32, at);
        if (p.ue8m0) {
          const auto power = [](double s) {
            return std::ldexp(1.0, reference::exact_e8m0(s) - 127);
          };
          wrong_scales +=
              scale >= power(want * (1 - error)) && scale <= power(want * (1 + error)) ? 0 : 1;
        } else {
          wrong_scales += std::abs(scale / want - 1) <= error + reference::kScaleError ? 0 : 1;
        }
        for (int i = first; i < end; ++i) {
          const C code{codes[begin + i]};
          wrong_codes +=
              reference::is_nearest(code, y[i] / scale, error + reference::kScaleError) ? 0 : 1;
        }
      }
    }
    EXPECT_EQ(wrong_sums, 0);
    EXPECT_EQ(wrong_scales, 0);
    EXPECT_EQ(wrong_codes, 0);
  }

  void check(int rows, int cols) {
    const std::int64_t count = std::int64_t{rows} * cols;
    const HostArray x = random_array(dtype(), count, 1, 3);
    const HostArray residual = random_array(dtype(), count, 2, 3);
    check(Type<e4m3>{}, {.rows = rows, .cols = cols}, x, residual);
    check(Type<e4m3>{}, {.rows = rows, .cols = cols, .ue8m0 = true}, x, residual);
    check(Type<e4m3fnuz>{}, {.code = Code::e4m3fnuz, .rows = rows, .cols = cols}, x, residual);
  }
};

TEST_P(AddNormQuantiseTest, EveryShortLength) {
  for (int cols = 1; cols <= 150; ++cols) check(3, cols);
}

TEST_P(AddNormQuantiseTest, LongAndPrimeRows) {
  for (const auto& [rows, cols] : {std::pair{1, 8192}, {5, 4093}, {37, 1009}}) check(rows, cols);
}

// Nothing is left, and scales are the least.
TEST_P(AddNormQuantiseTest, ResidualsThatCancel) {
  const auto x = random_array(dtype(), 600, 7, 8);
  const HostArray opposite(dtype(), 600, [&](std::int64_t i) { return -float(x[i]); });
  check(Type<e4m3>{}, {.rows = 2, .cols = 300}, x, opposite);
}

INSTANTIATE_TEST_SUITE_P(Cpu, AddNormQuantiseTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
