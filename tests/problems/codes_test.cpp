// SPDX-License-Identifier: Apache-2.0
#include "problems/codes.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace moat {
namespace {

// The number of a code by the formula of its specification.
template <class F>
double by_formula(unsigned bits) {
  constexpr unsigned kOne = 1u << F::kMantissa;
  const unsigned exponent = (bits & 0x7fu) >> F::kMantissa;
  const unsigned mantissa = bits & (kOne - 1);
  const double sign = (bits & 0x80u) != 0 ? -1 : 1;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (F::kFnuz && bits == 0x80u) return nan;
  if (!F::kFnuz && F::kMantissa == 3 && (bits & 0x7fu) == 0x7fu) return nan;
  if (!F::kFnuz && F::kMantissa == 2 && exponent == 31) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : nan;
  }
  const double fraction = double(mantissa) / kOne;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - F::kBias);
  return sign * std::ldexp(1 + fraction, static_cast<int>(exponent) - F::kBias);
}

template <class F>
class Floats8 : public ::testing::Test {};
using EveryFloat8 = ::testing::Types<e4m3, e4m3fnuz, e5m2>;
TYPED_TEST_SUITE(Floats8, EveryFloat8);

template <class F>
std::vector<double> positive_numbers() {
  std::vector<double> all;
  for (unsigned bits = 0; bits < 0x80u; ++bits) {
    const double x = by_formula<F>(bits);
    if (std::isfinite(x)) all.push_back(x);
  }
  return all;
}

TYPED_TEST(Floats8, DecodeEveryCode) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const float got = decode(TypeParam{static_cast<std::uint8_t>(bits)});
    const double want = by_formula<TypeParam>(bits);
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(got)) << bits;
    } else {
      EXPECT_EQ(got, want) << bits;
      EXPECT_EQ(std::signbit(got), std::signbit(want)) << bits;
    }
  }
}

TYPED_TEST(Floats8, EncodeWhatDecodes) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const float x = decode(TypeParam{static_cast<std::uint8_t>(bits)});
    if (!std::isfinite(x)) continue;
    EXPECT_EQ(encode<TypeParam>(x).bits, bits);
  }
}

// Halfway between neighbours the even code wins; just beside, the nearer one.
TYPED_TEST(Floats8, EncodeRoundsToNearestEven) {
  const std::vector<double> numbers = positive_numbers<TypeParam>();
  for (unsigned code = 0; code + 1 < numbers.size(); ++code) {
    const auto middle = static_cast<float>((numbers[code] + numbers[code + 1]) / 2);
    const unsigned even = code % 2 == 0 ? code : code + 1;
    for (const float sign : {1.0f, -1.0f}) {
      const unsigned set = std::signbit(sign) ? 0x80u : 0;
      const auto signed_code = [&](unsigned c) {
        return TypeParam::kFnuz && c == 0 ? 0u : c | set;
      };
      EXPECT_EQ(encode<TypeParam>(sign * middle).bits, signed_code(even)) << code;
      EXPECT_EQ(encode<TypeParam>(sign * std::nextafter(middle, 0.0f)).bits, signed_code(code));
      EXPECT_EQ(encode<TypeParam>(sign * std::nextafter(middle, 1e9f)).bits, signed_code(code + 1));
    }
  }
}

TYPED_TEST(Floats8, EncodeSaturates) {
  const auto largest = static_cast<float>(positive_numbers<TypeParam>().back());
  for (const float beyond : {largest * 1.01f, largest * 2, 3e38f, INFINITY}) {
    EXPECT_EQ(decode(encode<TypeParam>(beyond)), largest);
    EXPECT_EQ(decode(encode<TypeParam>(-beyond)), -largest);
  }
  EXPECT_TRUE(std::isnan(decode(encode<TypeParam>(std::nanf("")))));
  EXPECT_EQ(decode(encode<TypeParam>(1e-30f)), 0.0f);
}

TEST(Codes, TableNamesTheLargestNumbers) {
  EXPECT_EQ(traits(Code::e4m3).largest, positive_numbers<e4m3>().back());
  EXPECT_EQ(traits(Code::e4m3fnuz).largest, positive_numbers<e4m3fnuz>().back());
  EXPECT_EQ(traits(Code::e5m2).largest, positive_numbers<e5m2>().back());
  for (const Code c : kCodes) {
    int per_unit = 0;
#define MOAT_ROW(name, ...)                       \
  if (c == Code::name) {                          \
    per_unit = kPerUnit<::moat::name>;            \
    EXPECT_EQ(sizeof(::moat::name), 1u) << #name; \
  }
    MOAT_CODES(MOAT_ROW)
#undef MOAT_ROW
    EXPECT_EQ(traits(c).per_unit, per_unit) << name_of(c);
  }
}

TEST(Codes, PowersOfTwo) {
  for (unsigned bits = 0; bits < 255; ++bits) {
    EXPECT_EQ(decode(e8m0{static_cast<std::uint8_t>(bits)}),
              std::ldexp(1.0f, static_cast<int>(bits) - 127));
  }
  EXPECT_TRUE(std::isnan(decode(e8m0{255})));
}

TEST(Codes, Integers) {
  for (int x = -128; x < 128; ++x) EXPECT_EQ(decode(int8{static_cast<std::int8_t>(x)}), x);
  for (int low = -8; low < 8; ++low) {
    for (int high = -8; high < 8; ++high) {
      const int4 unit{static_cast<std::uint8_t>((low & 15) | (high & 15) << 4)};
      EXPECT_EQ(decode(unit, 0), low);
      EXPECT_EQ(decode(unit, 1), high);
    }
  }
}

TEST(Codes, Fours) {
  constexpr float kMagnitudes[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (unsigned bits = 0; bits < 256; ++bits) {
    const mxfp4 unit{static_cast<std::uint8_t>(bits)};
    for (const int which : {0, 1}) {
      const unsigned half = bits >> (4 * which) & 15;
      const float want = kMagnitudes[half & 7];
      EXPECT_EQ(std::abs(decode(unit, which)), want);
      EXPECT_EQ(std::signbit(decode(unit, which)), half > 7);
    }
  }
}

}  // namespace
}  // namespace moat
