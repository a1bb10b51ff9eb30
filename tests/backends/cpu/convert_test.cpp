// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/convert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace moat::cpu {
namespace {

template <class T>
void check_widening() {
  for (std::uint32_t first = 0; first < 65536; first += kLanes) {
    T in[kLanes];
    for (int i = 0; i < kLanes; ++i) in[i].bits = static_cast<std::uint16_t>(first + i);
    alignas(64) float out[kLanes];
    hn::Store(load(FloatTag{}, in), FloatTag{}, out);
    for (int i = 0; i < kLanes; ++i) {
      const float want = to_float(in[i]);
      if (std::isnan(want)) {
        ASSERT_TRUE(std::isnan(out[i])) << first + i;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(want))
            << first + i;
      }
    }
  }
}

TEST(Widen, AllBinary16) { check_widening<f16>(); }
TEST(Widen, AllBfloat16) { check_widening<bf16>(); }

template <class T>
void check_narrowing(const std::vector<float>& values) {
  for (std::size_t first = 0; first + kLanes <= values.size(); first += kLanes) {
    T out[kLanes];
    store(FloatTag{}, load(FloatTag{}, values.data() + first), out);
    for (int i = 0; i < kLanes; ++i) {
      const float x = values[first + i];
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(to_float(out[i])));
      } else if (std::is_same_v<T, bf16> && std::abs(x) < traits(DType::bf16).underflow &&
                 (out[i].bits & 0x7fffu) == 0) {
        ASSERT_EQ(std::signbit(to_float(out[i])), std::signbit(x)) << std::hexfloat << x;
      } else {
        ASSERT_EQ(out[i].bits, from_float<T>(x).bits) << std::hexfloat << x;
      }
    }
  }
}

// For every value of T: itself, the middle to its neighbour (a tie), and the floats around that.
template <class T>
std::vector<float> values_around_ties() {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float x = to_float(T{static_cast<std::uint16_t>(bits)});
    const float next = to_float(T{static_cast<std::uint16_t>(bits + 1)});
    const float middle = x / 2 + next / 2;
    for (const float y : {x, middle}) {
      for (const float z : {std::nextafter(y, -std::numeric_limits<float>::infinity()), y,
                            std::nextafter(y, std::numeric_limits<float>::infinity())}) {
        values.push_back(z);
      }
    }
  }
  while (values.size() % kLanes != 0) values.push_back(0);
  return values;
}

TEST(Narrow, Binary16AtAllValuesAndTies) { check_narrowing<f16>(values_around_ties<f16>()); }
TEST(Narrow, Bfloat16AtAllValuesAndTies) { check_narrowing<bf16>(values_around_ties<bf16>()); }

// All floats with 16 bits, and what each code's boundaries are: every rounding and the limits.
template <class T>
void check_codes(const std::vector<float>& values) {
  for (std::size_t first = 0; first + kLanes <= values.size(); first += kLanes) {
    T out[kLanes];
    store(FloatTag{}, load(FloatTag{}, values.data() + first), out);
    for (int i = 0; i < kLanes; ++i) {
      const float x = values[first + i];
      ASSERT_EQ(out[i].bits, encode<T>(x).bits) << std::hexfloat << x;
    }
  }
}

template <class T>
class NarrowToCodes : public ::testing::Test {};
using Codes = ::testing::Types<e4m3, e4m3fnuz, e5m2>;
TYPED_TEST_SUITE(NarrowToCodes, Codes);

TYPED_TEST(NarrowToCodes, AtAllValuesAndTies) {
  check_codes<TypeParam>(values_around_ties<f16>());
  check_codes<TypeParam>(values_around_ties<bf16>());
}

TEST(Narrow, EveryExponentWithManyFractions) {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 8191) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  while (values.size() % kLanes != 0) values.push_back(0);
  check_narrowing<f16>(values);
  check_narrowing<bf16>(values);
}

}  // namespace
}  // namespace moat::cpu
