// SPDX-License-Identifier: Apache-2.0
// The table of element types against its own conversions.
#include "problems/dtype.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace moat {
namespace {

template <class T>
class ElementTypes : public ::testing::Test {};

#define MOAT_ROW(name, storage, ...) , storage
template <class Nothing, class... T>
using TypesOf = ::testing::Types<T...>;
using EveryType = TypesOf<void MOAT_DTYPES(MOAT_ROW)>;
#undef MOAT_ROW
TYPED_TEST_SUITE(ElementTypes, EveryType);

TYPED_TEST(ElementTypes, RowOfTheTable) {
  const DType type = kDType<TypeParam>;
  EXPECT_EQ(size_of(type), sizeof(TypeParam));
  with_dtype(type, []<class T>(Type<T>) { EXPECT_TRUE((std::is_same_v<T, TypeParam>)); });
}

// The largest finite value is one of the type, and what lies half a unit above it is not.
TYPED_TEST(ElementTypes, Largest) {
  const DTypeTraits type = traits(kDType<TypeParam>);
  const auto largest = static_cast<float>(type.largest);
  EXPECT_EQ(to_float(from_float<TypeParam>(largest)), largest);
  if (type.largest < double{std::numeric_limits<float>::max()}) {
    const double beyond = type.largest + std::exp2(std::ilogb(type.largest)) * type.roundoff();
    EXPECT_FALSE(std::isfinite(to_float(from_float<TypeParam>(static_cast<float>(beyond)))));
  }
  EXPECT_TRUE(std::isnan(to_float(from_float<TypeParam>(std::nanf("")))));
}

// 1 + 2·roundoff is the type's next number after 1; half of it is a tie, which goes to even.
TYPED_TEST(ElementTypes, RoundoffIsHalfAUnit) {
  const double unit = 2 * traits(kDType<TypeParam>).roundoff();
  const auto rounded = [](double x) {
    return double{to_float(from_float<TypeParam>(static_cast<float>(x)))};
  };
  EXPECT_EQ(rounded(1 + unit), 1 + unit);
  EXPECT_EQ(rounded(1 + 2 * unit), 1 + 2 * unit);
  if (kDType<TypeParam> == DType::f32) return;  // nothing lies between
  EXPECT_EQ(rounded(1 + unit / 2), 1);
  EXPECT_EQ(rounded(1 + 1.5 * unit), 1 + 2 * unit);
  EXPECT_EQ(rounded(1 + 0.75 * unit), 1 + unit);
}

// Rounding is off by no more than the table says, from the smallest numbers to the largest.
TYPED_TEST(ElementTypes, ErrorsAreWithinTheTable) {
  const DTypeTraits type = traits(kDType<TypeParam>);
  std::uint32_t state = 1;
  for (int exponent = -149; exponent <= std::ilogb(type.largest); ++exponent) {
    for (int i = 0; i < 100; ++i) {
      state = state * 1664525u + 1013904223u;
      const float x = std::ldexp(1 + static_cast<float>(state >> 9) * 0x1p-23f, exponent);
      if (x > type.largest) continue;
      const double error = std::abs(double{to_float(from_float<TypeParam>(x))} - x);
      ASSERT_LE(error, std::max(type.roundoff() * x, type.underflow)) << x;
      ASSERT_EQ(to_float(from_float<TypeParam>(-x)), -to_float(from_float<TypeParam>(x)));
    }
  }
}

// Every pattern of bits is kept, NaN as NaN.
TYPED_TEST(ElementTypes, EveryStoredValueIsKept) {
  if constexpr (sizeof(TypeParam) < 4) {
    for (std::uint32_t bits = 0; bits < 1u << (8 * sizeof(TypeParam)); ++bits) {
      TypeParam stored{};
      stored.bits = static_cast<decltype(stored.bits)>(bits);
      const float x = to_float(stored);
      const TypeParam again = from_float<TypeParam>(x);
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(to_float(again))) << bits;
      } else {
        ASSERT_EQ(again.bits, stored.bits);
      }
    }
  }
}

}  // namespace
}  // namespace moat
