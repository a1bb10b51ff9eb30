// SPDX-License-Identifier: Apache-2.0
#include "problems/scaled_gemm.hpp"

#include <cmath>

#include "problems/reference/scaled_gemm.hpp"
#include "tests/kernels/decoded_product.hpp"

namespace moat::testing {
namespace {

class ScaledGemmTest : public KernelTest {
 protected:
  using Bytes = std::vector<std::uint8_t>;

  template <class Scales>
  HostArray solve(ScaledGemmProblem& p, const Bytes& a, const Bytes& b, const Scales& a_scales,
                  const Scales& b_scales) {
    HostArray c(dtype(), std::int64_t{p.m} * p.n, [](std::int64_t) { return std::nanf(""); });
    p.a = a.data();
    p.a_scales = a_scales.data();
    p.b = b.data();
    p.b_scales = b_scales.data();
    p.c = c.data();
    run_on<ScaledGemmProblem>(device(), p,
                              {{&ScaledGemmProblem::a, a.size()},
                               {&ScaledGemmProblem::b, b.size()},
                               {&ScaledGemmProblem::a_scales, a_scales.size()},
                               {&ScaledGemmProblem::b_scales, b_scales.size()}},
                              &ScaledGemmProblem::c, c.size());
    return c;
  }

  template <class C>
  Bytes codes(std::int64_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-440, 440);
    Bytes bytes(count);
    for (auto& byte : bytes) byte = encode<C>(uniform(generator)).bits;
    return bytes;
  }

  // A power of two of its own for each block and its neighbours.
  HostArray scales(std::int64_t count, int first) {
    return {DType::f32, count, [first](std::int64_t i) {
              return std::ldexp(1.0f, -10 - static_cast<int>((i * 5 + first) % 7));
            }};
  }

  template <class C>
  void check(Code code, int m, int n, int k) {
    SCOPED_TRACE(::testing::Message() << name_of(code) << ' ' << m << " x " << n << " x " << k);
    ScaledGemmProblem p{.dtype = dtype(), .code = code, .m = m, .n = n, .k = k};
    const Bytes a = codes<C>(std::int64_t{m} * k, 1);
    const Bytes b = codes<C>(std::int64_t{n} * k, 2);
    const std::int64_t blocks = ceil_div(k, kPerScale);
    const HostArray a_scales = scales(m * blocks, 0);
    const HostArray b_scales = scales(ceil_div(n, kPerScale) * blocks, 3);
    const HostArray c = solve(p, a, b, a_scales, b_scales);
    const auto wide_a = reference::decoded_a(p);
    const auto wide_b = reference::decoded_b(p);
    EXPECT_LE(worst_of_product(c, dtype(), m, n, k, wide_a, wide_b, 5 * reference::kRoundoffF32),
              1);
  }
};

TEST_P(ScaledGemmTest, RowsColumnsAndDepths) {
  for (const int m : {1, 2, 3, 9, 16, 17, 50}) {
    for (const int n : {1, 5, 127, 129}) check<e4m3>(Code::e4m3, m, n, 200);
  }
  for (const int k : {1, 15, 16, 17, 127, 128, 129, 255, 256, 257, 1000}) {
    for (const int m : {2, 20}) {
      check<e4m3>(Code::e4m3, m, 131, k);
      check<e4m3fnuz>(Code::e4m3fnuz, m, 131, k);
    }
  }
  check<e4m3>(Code::e4m3, 600, 140, 300);
}

// Every code alone, against 1.
TEST_P(ScaledGemmTest, EveryCode) {
  const auto check_codes = [&]<class C>(Code code, Type<C>) {
    for (const int m : {1, 20}) {
      ScaledGemmProblem p{.dtype = dtype(), .code = code, .m = m, .n = 256, .k = 1};
      Bytes b(256);
      for (int i = 0; i < 256; ++i) b[i] = static_cast<std::uint8_t>(i);
      const HostArray ones(DType::f32, 256, [](std::int64_t) { return 1.0f; });
      const HostArray c = solve(p, Bytes(m, encode<C>(1).bits), b, ones, ones);
      for (int i = 0; i < 256; ++i) {
        const float want = decode(C{static_cast<std::uint8_t>(i)});
        if (std::isnan(want)) {
          EXPECT_TRUE(std::isnan(c[i])) << i;
        } else {
          EXPECT_EQ(c[i], want) << i;
        }
      }
    }
  };
  check_codes(Code::e4m3, Type<e4m3>{});
  check_codes(Code::e4m3fnuz, Type<e4m3fnuz>{});
}

// Sums of powers of two are exact, and show a scale that is another row.s, column.s or block.s.
TEST_P(ScaledGemmTest, SumsOfBlocksMeetTheirScales) {
  constexpr int kBlocks = 6;
  ScaledGemmProblem p{
      .dtype = dtype(), .code = Code::e4m3, .m = 3, .n = 130, .k = kBlocks * kPerScale};
  const Bytes ones(std::size_t{130} * kBlocks * kPerScale, encode<e4m3>(1).bits);
  const HostArray a_scales(DType::f32, 3 * kBlocks, [](std::int64_t i) {
    return std::ldexp(1.0f, static_cast<int>(i % kBlocks) - static_cast<int>(i / kBlocks));
  });
  const HostArray b_scales(DType::f32, 2 * kBlocks,
                           [](std::int64_t i) { return i < kBlocks ? 0.5f : 0.25f; });
  const HostArray c = solve(p, ones, ones, a_scales, b_scales);
  for (int row = 0; row < 3; ++row) {
    const double sum = 128.0 * 63 / (1 << row);
    EXPECT_EQ(c[row * 130], sum * 0.5);
    EXPECT_EQ(c[row * 130 + 127], sum * 0.5);
    EXPECT_EQ(c[row * 130 + 128], sum * 0.25);
    EXPECT_EQ(c[row * 130 + 129], sum * 0.25);
  }
}

// They give what the same numbers in f32 do.
TEST_P(ScaledGemmTest, PowersOfTwo) {
  for (const auto& [m, k] : {std::pair{1, 300}, {2, 1}, {20, 128}, {50, 700}}) {
    ScaledGemmProblem p{.dtype = dtype(), .code = Code::e4m3, .m = m, .n = 131, .k = k};
    const Bytes a = codes<e4m3>(std::int64_t{m} * k, 1);
    const Bytes b = codes<e4m3>(std::int64_t{131} * k, 2);
    const std::int64_t blocks = ceil_div(k, kPerScale);
    const HostArray a_scales = scales(m * blocks, 0);
    const HostArray b_scales = scales(2 * blocks, 3);
    const HostArray want = solve(p, a, b, a_scales, b_scales);
    const auto bytes = [](const HostArray& x) {
      Bytes all(x.count());
      for (std::int64_t i = 0; i < x.count(); ++i) {
        all[i] = static_cast<std::uint8_t>(127 + std::ilogb(x[i]));
      }
      return all;
    };
    p.ue8m0 = true;
    const HostArray got = solve(p, a, b, bytes(a_scales), bytes(b_scales));
    for (std::int64_t i = 0; i < want.count(); ++i) ASSERT_EQ(got[i], want[i]) << m << ' ' << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, ScaledGemmTest,
                         ::testing::Combine(::testing::ValuesIn(kHalves), ::testing::Values(1, 5)),
                         configuration_name);

}  // namespace
}  // namespace moat::testing
