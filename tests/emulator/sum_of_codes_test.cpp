// SPDX-License-Identifier: Apache-2.0
// Sums of products of codes: cases that were computed by hand, and the definition in float64.
#include "tests/emulator/ptx/sum_of_codes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace moat::emulator::ptx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class A, class B>
struct Factors {
  A a;
  B b;
};

// Codes of a and b, which have some.
template <class A = e4m3, class B = A>
Factors<A, B> factors(float a, float b) {
  const Factors<A, B> f{encode<A>(a), encode<B>(b)};
  EXPECT_EQ(decode(f.a), a);
  EXPECT_EQ(decode(f.b), b);
  return f;
}

// c and these products, in one element of D; further ones are 0.
template <class A = e4m3, class B = A>
float sum(float c, const std::vector<Factors<A, B>>& products) {
  constexpr std::size_t kRow = 37;
  constexpr std::size_t kCol = 5;
  SumOfCodes operands;
  for (std::size_t row = 0; row < SumOfCodes::kM; ++row) {
    for (std::size_t k = 0; k < SumOfCodes::kK; ++k) operands.set_left(row, k, A{});
  }
  for (std::size_t col = 0; col < 8; ++col) {
    for (std::size_t k = 0; k < SumOfCodes::kK; ++k) operands.set_right(k, col, B{});
  }
  for (std::size_t k = 0; k < products.size(); ++k) {
    operands.set_left(kRow, k, products[k].a);
    operands.set_right(k, kCol, products[k].b);
  }
  static SumOfCodes::Sums sums;
  sums = {};
  sums[kRow][kCol] = c;
  operands.compute(8, sums);
  return sums[kRow][kCol];
}

TEST(SumOfCodes, TruncatesTheAccumulatorTowardZero) {
  EXPECT_EQ(sum(0x1.ffffp0f, {}), 0x1.fff8p0f);
  EXPECT_EQ(sum(-0x1.ffffp0f, {}), -0x1.fff8p0f);
  EXPECT_EQ(sum(0x1.2340p-7f, {}), 0x1.2340p-7f);
  EXPECT_EQ(sum(0x1.fffffep127f, {}), 0x1.fff8p127f);
  EXPECT_EQ(sum(0x1p-149f, {}), 0.0f);
  EXPECT_EQ(sum(0x1p-139f, {}), 0x1p-139f);
  EXPECT_EQ(sum(0x1.cp-138f, {}), 0x1.8p-138f);
}

TEST(SumOfCodes, TruncatesProductsTowardZero) {
  // 2^-13 of the largest is kept, and of what is below nothing.
  const float least = 0x1p-9f;  // of e4m3, as a subnormal: exponent −6
  EXPECT_EQ(sum(0, {factors(16, 16), factors(0x1p-5f, 1)}), 256 + 0x1p-5f);
  EXPECT_EQ(sum(0, {factors(16, 16), factors(0x1p-6f, 1)}), 256.0f);
  EXPECT_EQ(sum(0, {factors(16, 16), factors(0x1p-6f, 1), factors(0x1p-6f, 1)}), 256.0f);
  EXPECT_EQ(sum(0, {factors(-16, 16), factors(-0x1p-6f, 1)}), -256.0f);
  EXPECT_EQ(sum(0, {factors(-16, 16), factors(0x1p-6f, 1)}), -256.0f);
  EXPECT_EQ(sum(0, {factors(16, 16), factors(-16, 16), factors(least, 1)}), 0.0f);
  // 1.875 · 2^-6 is 3 units of 2^-6, and beneath it a part.
  EXPECT_EQ(sum(0, {factors(16, 8), factors(0x1.ep-6f, 1)}), 128 + 0x1p-6f);
  EXPECT_EQ(sum(0, {factors(16, 8), factors(-0x1.ep-6f, 1)}), 128 - 0x1p-6f);
}

TEST(SumOfCodes, AlignsTheAccumulatorWithTheProducts) {
  EXPECT_EQ(sum(0x1.fffffep0f, {factors(16, 16)}), 257 + 0x1.fp-1f);
  EXPECT_EQ(sum(-0x1.fffffep0f, {factors(16, 16)}), 256 - 0x1.f8p0f);
  EXPECT_EQ(sum(0x1p20f, {factors(8, 8)}), 0x1p20f);
  EXPECT_EQ(sum(0x1p20f, {factors(16, 8)}), 0x1p20f + 128);
}

TEST(SumOfCodes, TruncatesTheSum) {
  // 1.5 · 1.5 is 2.25 of exponent 0: 2 and 3 units of 2^-13 are added, and the sum has even ones.
  EXPECT_EQ(sum(0, {factors(1.5f, 1.5f), factors(0x1p-6f, 0x1p-6f), factors(0x1p-6f, 0x1.8p-6f)}),
            2.25f + 0x1p-11f);
  EXPECT_EQ(sum(0x1p-13f, {factors(1.5f, 1.5f)}), 2.25f);
  EXPECT_EQ(sum(-0x1p-13f, {factors(-1.5f, 1.5f)}), -2.25f);
  EXPECT_EQ(sum(0x1p-13f, {factors(1.25f, 1.25f)}), 1.5625f + 0x1p-13f);
  const std::vector all(32, factors(448, 448));
  EXPECT_EQ(sum(0, all), 32.0f * 448 * 448);
}

TEST(SumOfCodes, SubnormalCodesHaveTheirFormatsLeastExponent) {
  // 2^-9 is 2^-3 of exponent −6, and multiples of 2^-19 are kept beside its square.
  const float least = 0x1p-9f;
  EXPECT_EQ(sum(0x1p-25f, {factors(least, least)}), 0x1p-18f + 0x1p-25f);
  EXPECT_EQ(sum(0x1.8p-25f, {factors(least, least)}), 0x1p-18f + 0x1p-25f);
  EXPECT_EQ(sum(0x1p-26f, {factors(least, least)}), 0x1p-18f);
  // Of a normal 2^-6 and 2^-12 they would be the same.
  EXPECT_EQ(sum(0x1p-26f, {factors(0x1p-6f, 0x1p-6f)}), 0x1p-12f);
  const float least5 = 0x1p-16f;  // of e5m2, of exponent −14
  EXPECT_EQ((sum<e5m2>(0x1p-41f, {factors<e5m2>(least5, least5)})), 0x1p-32f + 0x1p-41f);
  EXPECT_EQ((sum<e5m2>(0x1p-42f, {factors<e5m2>(least5, least5)})), 0x1p-32f);
  EXPECT_EQ((sum<e5m2, e4m3>(0x1p-33f, {factors<e5m2, e4m3>(least5, least)})), 0x1p-25f + 0x1p-33f);
  EXPECT_EQ((sum<e4m3, e5m2>(0x1p-34f, {factors<e4m3, e5m2>(least, least5)})), 0x1p-25f);
}

TEST(SumOfCodes, ZeroHasNoExponent) {
  EXPECT_EQ(sum(0x1.2348p-20f, {factors(0, 448), factors(448, -0.0f)}), 0x1.2348p-20f);
}

TEST(SumOfCodes, WhatIsNotFinite) {
  constexpr std::uint32_t kNan = 0x7fffffff;
  const auto bits = [](float x) { return std::bit_cast<std::uint32_t>(x); };
  const e4m3 nan{0xff};
  const e4m3 zero{0};
  EXPECT_EQ(bits(sum(1, std::vector{Factors<e4m3, e4m3>{nan, zero}})), kNan);
  EXPECT_EQ(bits(sum(1, std::vector{Factors<e4m3, e4m3>{zero, nan}})), kNan);
  EXPECT_EQ(bits(sum(std::bit_cast<float>(0xffc12345u), {factors(1, 1)})), kNan);
  EXPECT_EQ(sum(-kInfinity, {factors(448, 448)}), -kInfinity);
  const e5m2 one = encode<e5m2>(1);
  const e5m2 infinity{0x7c};
  const e5m2 minus{0xfc};
  using F = Factors<e5m2, e5m2>;
  EXPECT_EQ(sum(-1, std::vector{F{one, infinity}}), kInfinity);
  EXPECT_EQ(sum(0x1.fffffep127f, std::vector{F{minus, infinity}}), -kInfinity);
  EXPECT_EQ(bits(sum(0, std::vector{F{one, infinity}, F{minus, one}})), kNan);
  EXPECT_EQ(bits(sum(kInfinity, std::vector{F{minus, one}})), kNan);
  EXPECT_EQ(bits(sum(0, std::vector{F{infinity, e5m2{}}})), kNan);
  // Elements beside it are sums as ever.
  SumOfCodes operands;
  for (std::size_t k = 0; k < SumOfCodes::kK; ++k) {
    operands.set_left(0, k, one);
    for (std::size_t col = 0; col < 2; ++col) operands.set_right(k, col, col == 0 ? infinity : one);
  }
  static SumOfCodes::Sums sums;
  operands.compute(2, sums);
  EXPECT_EQ(sums[0][0], kInfinity);
  EXPECT_EQ(sums[0][1], 32.0f);
}

struct Code {
  double value;
  int exponent;
};
template <class F>
Code code(F x) {
  const double value = decode(x);
  return {value, value == 0 ? -1000 : std::max(std::ilogb(value), 1 - F::kBias)};
}

// The definition as it is written, in float64, which holds all of it exactly.
double defined(double c, const std::vector<Code>& a, const std::vector<Code>& b) {
  std::vector<double> addends{c};
  int e = c == 0 ? -126 : std::max(std::ilogb(c), -126);
  for (std::size_t k = 0; k < a.size(); ++k) {
    addends.push_back(a[k].value * b[k].value);
    e = std::max(e, a[k].exponent + b[k].exponent);
  }
  double sum = 0;
  for (const double x : addends) sum += std::ldexp(std::trunc(std::ldexp(x, 13 - e)), e - 13);
  if (sum == 0) return 0;
  const int own = std::max(std::ilogb(sum), -126);
  return std::ldexp(std::trunc(std::ldexp(sum, 13 - own)), own - 13);
}

// Codes of all finite numbers alike, or normally distributed, with accumulators of many sizes.
template <class A, class B>
void compare(bool normal, unsigned seed) {
  constexpr std::size_t kN = 24;
  std::mt19937 generator(seed);
  std::normal_distribution<float> gauss;
  const auto draw = [&]<class F>(F) {
    while (true) {
      const F x = normal ? encode<F>(gauss(generator)) : F{static_cast<std::uint8_t>(generator())};
      if (std::isfinite(decode(x))) return x;
    }
  };
  SumOfCodes operands;
  std::vector<std::vector<Code>> a(SumOfCodes::kM);
  std::vector<std::vector<Code>> b(kN);
  for (std::size_t k = 0; k < SumOfCodes::kK; ++k) {
    for (std::size_t row = 0; row < SumOfCodes::kM; ++row) {
      const A x = draw(A{});
      operands.set_left(row, k, x);
      a[row].push_back(code(x));
    }
    for (std::size_t col = 0; col < kN; ++col) {
      const B x = draw(B{});
      operands.set_right(k, col, x);
      b[col].push_back(code(x));
    }
  }
  static SumOfCodes::Sums c;
  for (auto& row : c) {
    for (float& x : row) x = std::ldexp(gauss(generator), static_cast<int>(generator() % 12) - 6);
  }
  static SumOfCodes::Sums sums;
  sums = c;
  operands.compute(kN, sums);
  int same_as_f32 = 0;
  for (std::size_t row = 0; row < SumOfCodes::kM; ++row) {
    for (std::size_t col = 0; col < kN; ++col) {
      const float mine = c[row][col];
      ASSERT_EQ(sums[row][col], defined(mine, a[row], b[col])) << row << ' ' << col;
      double exact = mine;
      float in_f32 = mine;
      double largest = std::fabs(mine);
      for (std::size_t k = 0; k < SumOfCodes::kK; ++k) {
        const double product = a[row][k].value * b[col][k].value;
        exact += product;
        in_f32 += static_cast<float>(product);
        largest = std::max(largest, std::fabs(product));
      }
      // 33 addends, each less than 2^-13 of the power of two of the largest, and the sum's own
      // truncation. A subnormal code stands at a greater exponent than its size.
      largest = std::max(largest, std::fabs(exact));
      if (normal) {
        ASSERT_LE(std::fabs(sums[row][col] - exact), 34 * 0x1p-13 * largest);
      }
      same_as_f32 += sums[row][col] == in_f32 ? 1 : 0;
    }
  }
  EXPECT_LT(same_as_f32, static_cast<int>(SumOfCodes::kM * kN) / 10);
}

TEST(SumOfCodes, RandomCodesAsDefined) {
  for (const bool normal : {true, false}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      compare<e4m3, e4m3>(normal, seed);
      compare<e5m2, e5m2>(normal, seed);
      compare<e4m3, e5m2>(normal, seed);
      compare<e5m2, e4m3>(normal, seed);
    }
  }
}

// Columns beyond the n-th are left as they are.
TEST(SumOfCodes, OtherColumnsStay) {
  SumOfCodes operands;
  static SumOfCodes::Sums sums;
  for (auto& row : sums) row.fill(0x1.ffffp0f);
  operands.compute(8, sums);
  EXPECT_EQ(sums[63][7], 0x1.fff8p0f);
  EXPECT_EQ(sums[63][8], 0x1.ffffp0f);
}

}  // namespace
}  // namespace moat::emulator::ptx
