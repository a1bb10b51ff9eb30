// SPDX-License-Identifier: Apache-2.0
#include "problems/weight_gemm.hpp"

#include <cmath>

#include "problems/reference/weight_gemm.hpp"
#include "tests/kernels/decoded_product.hpp"

namespace moat::testing {
namespace {

class WeightGemmTest : public KernelTest {
 protected:
  using Bytes = std::vector<std::uint8_t>;

  // Byte i of the codes is code(i); scale i is a power of two.
  void check(Code code, int m, int n, int k, const std::function<int(std::int64_t)>& byte,
             const std::function<int(std::int64_t)>& exponent) {
    SCOPED_TRACE(::testing::Message() << name_of(code) << ' ' << m << " x " << n << " x " << k);
    WeightGemmProblem p{.dtype = dtype(), .code = code, .m = m, .n = n, .k = k};
    const auto a = random_array(dtype(), std::int64_t{m} * k, static_cast<unsigned>(m + n + k));
    Bytes w(std::size_t(n) * k / traits(code).per_unit);
    for (std::size_t i = 0; i < w.size(); ++i) {
      w[i] = static_cast<std::uint8_t>(byte(static_cast<std::int64_t>(i)));
    }
    const std::int64_t groups = std::int64_t{n} * k / group(p);
    const bool powers = code == Code::mxfp4;
    HostArray scales(powers ? DType::f32 : dtype(),
                     powers ? ceil_div(groups, std::int64_t{4}) : groups);
    for (std::int64_t i = 0; i < groups; ++i) {
      if (powers) {
        static_cast<e8m0*>(scales.data())[i] = {static_cast<std::uint8_t>(127 + exponent(i))};
      } else {
        scales.set(i, std::ldexp(1.25f, exponent(i)));
      }
    }
    HostArray c(dtype(), std::int64_t{m} * n, [](std::int64_t) { return std::nanf(""); });
    p.a = a.data();
    p.w = w.data();
    p.scales = scales.data();
    p.c = c.data();
    run_on<WeightGemmProblem>(device(), p,
                              {{&WeightGemmProblem::a, a.size()},
                               {&WeightGemmProblem::w, w.size()},
                               {&WeightGemmProblem::scales, scales.size()}},
                              &WeightGemmProblem::c, c.size());

    const auto wide_a = reference::widened(p.a, p.dtype, std::int64_t{m} * k);
    const auto wide_w = reference::decoded_weights(p);
    EXPECT_LE(
        worst_of_product(c, dtype(), m, n, k, wide_a, wide_w, reference::unit_roundoff(dtype())),
        1);
  }

  void check_random(Code code, int m, int n, int k) {
    std::mt19937 generator(3);
    check(
        code, m, n, k, [&](std::int64_t) { return static_cast<int>(generator() & 255); },
        [](std::int64_t i) { return static_cast<int>(i * 7 % 5) - 4; });
  }
};

TEST_P(WeightGemmTest, RowsColumnsAndDepths) {
  for (const Code code : {Code::int8, Code::int4, Code::mxfp4}) {
    const int unit = code == Code::int8 ? 128 : 32;
    for (const int m : {1, 2, 3, 9, 16, 17, 50}) {
      for (const int n : {1, 3, 5, 66}) check_random(code, m, n, 3 * unit);
    }
    for (int groups = 1; groups <= 9; ++groups) check_random(code, 2, 7, groups * unit);
    // More than a step of a pipeline.
    check_random(code, 1, 5, 2048 + 2 * unit);
    check_random(code, 5, 130, 2048 + unit);
    check_random(code, 580, 70, 256);
  }
}

// Column j has one code, at place j of a group: the element of A that it meets, and the scale of
// its group.
TEST_P(WeightGemmTest, EveryPlaceOfAGroup) {
  constexpr int kPlaces = 64;
  constexpr int kBytes = kPlaces / 2;
  const auto byte = [](std::int64_t i) {
    const std::int64_t place = i / kBytes;
    return i % kBytes == place / 2 ? (place % 2 == 0 ? 0x07 : 0x90) : 0;
  };
  const auto exponent = [](std::int64_t i) { return static_cast<int>(i % 2) * 3 - 2; };
  for (const int m : {1, 3, 20}) {
    check(Code::int4, m, kPlaces, kPlaces, byte, exponent);
    check(Code::mxfp4, m, kPlaces, kPlaces, byte, exponent);
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, WeightGemmTest,
                         ::testing::Combine(::testing::ValuesIn(kHalves), ::testing::Values(1, 5)),
                         configuration_name);

}  // namespace
}  // namespace moat::testing
