// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace moat::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Distance in units of the last place of the float nearest to `want`; subnormals share a unit.
double ulps(float got, double want) {
  const auto nearest = static_cast<float>(want);
  if (got == nearest) return 0;
  int exponent = 0;
  std::frexp(std::max(std::abs(nearest), std::numeric_limits<float>::min()), &exponent);
  return std::abs(got - want) / std::ldexp(1.0, exponent - 24);
}

// Calls f with a vector, and check(x, y) for each of its lanes.
template <class F, class Check>
void for_each_lane(FloatLanes x, F f, Check check) {
  alignas(64) float in[kLanes];
  alignas(64) float out[kLanes];
  hn::Store(x.v, FloatTag{}, in);
  hn::Store(f(x).v, FloatTag{}, out);
  for (int i = 0; i < kLanes; ++i) check(in[i], out[i]);
}

// All floats with every `stride`-th bit pattern.
template <class F, class Check>
void sweep(std::uint32_t stride, F f, Check check) {
  alignas(64) float in[kLanes];
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += kLanes * stride) {
    for (int i = 0; i < kLanes; ++i) {
      in[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits + i * stride));
    }
    for_each_lane(hn::Load(FloatTag{}, in), f, check);
  }
}

TEST(Exp2, WithinTwoUnitsForAllFloats) {
  double worst = 0;
  float worst_at = 0;
  sweep(
      127, [](FloatLanes x) { return exp2(x); },
      [&](float x, float y) {
        if (std::isnan(x)) {
          ASSERT_TRUE(std::isnan(y));
        } else if (x >= 128) {
          ASSERT_EQ(y, kInfinity) << x;
        } else if (x < -127) {
          ASSERT_EQ(y, 0) << x;
        } else if (x < -126 && y == 0) {
          return;  // a subnormal number, if it is one
        } else if (const double error = ulps(y, std::exp2(static_cast<double>(x))); error > worst) {
          worst = error;
          worst_at = x;
        }
      });
  EXPECT_LE(worst, 2) << "at " << worst_at;
}

TEST(Exp2, WithinTwoUnitsForArgumentsOfSoftmax) {
  double worst = 0;
  for (float x = -40; x < 2;) {
    alignas(64) float in[kLanes];
    for (float& lane : in) lane = x = x + 1e-4f;
    for_each_lane(
        hn::Load(FloatTag{}, in), [](FloatLanes y) { return exp2(y); },
        [&](float at, float y) {
          worst = std::max(worst, ulps(y, std::exp2(static_cast<double>(at))));
        });
  }
  EXPECT_LE(worst, 2);
}

TEST(Exp2, WholeNumbersAreExact) {
  for (int n = -126; n < 128; ++n) {
    EXPECT_EQ(exp2(FloatLanes(static_cast<float>(n))).first(), std::ldexp(1.0f, n)) << n;
  }
}

TEST(Exp2, Specials) {
  EXPECT_EQ(exp2(FloatLanes(-kInfinity)).first(), 0);
  EXPECT_EQ(exp2(FloatLanes(kInfinity)).first(), kInfinity);
  EXPECT_EQ(exp2(FloatLanes(std::numeric_limits<float>::lowest())).first(), 0);
  EXPECT_EQ(exp2(FloatLanes(128.0f)).first(), kInfinity);
  EXPECT_TRUE(std::isfinite(exp2(FloatLanes(std::nextafter(128.0f, 0.0f))).first()));
  EXPECT_TRUE(std::isnan(exp2(FloatLanes(std::nanf(""))).first()));
  EXPECT_EQ(exp2(FloatLanes(-0.0f)).first(), 1);
}

TEST(Log2, CloseForPositiveFloats) {
  sweep(
      65537, [](FloatLanes x) { return log2(x); },
      [](float x, float y) {
        if (!(x > 0) || std::isinf(x)) return;
        const double want = std::log2(static_cast<double>(x));
        ASSERT_NEAR(y, want, 4e-7 * std::max(1.0, std::abs(want))) << x;
      });
}

TEST(Rsqrt, WithinTwoUnitsForNormalFloats) {
  sweep(
      65537, [](FloatLanes x) { return rsqrt(x); },
      [](float x, float y) {
        if (x < std::numeric_limits<float>::min() || !std::isfinite(x)) return;
        ASSERT_LE(ulps(y, 1 / std::sqrt(static_cast<double>(x))), 2) << x;
      });
}

TEST(Scalars, AgreeWithTheStandardLibrary) {
  EXPECT_EQ(exp2(3.0f), 8.0f);
  EXPECT_EQ(log2(8.0f), 3.0f);
  EXPECT_EQ(rsqrt(16.0f), 0.25f);
}

}  // namespace
}  // namespace moat::cpu
