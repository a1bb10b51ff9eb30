// SPDX-License-Identifier: Apache-2.0
// Positions of element-wise loops write the same elements however they reach memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "backends/cpu/reduce.hpp"
#include "tests/support/rounded.hpp"

namespace moat::cpu {
namespace {

template <class T>
class Positions : public ::testing::Test {};
using Types = ::testing::Types<float, f16, bf16, e4m3, e4m3fnuz>;
TYPED_TEST_SUITE(Positions, Types);

// Every offset within a line, so that aligned and unaligned addresses occur.
TYPED_TEST(Positions, StreamedStoresEqualPlainOnes) {
  constexpr int kLine = 64 / static_cast<int>(sizeof(TypeParam));
  constexpr int kCount = kLanes + 2 * kLine;
  alignas(64) float x[kLanes];
  for (int i = 0; i < kLanes; ++i) x[i] = 0.1f + static_cast<float>(i);
  const FloatLanes lanes(hn::Load(FloatTag{}, x));
  for (int offset = 0; offset < kLine; ++offset) {
    SCOPED_TRACE(offset);
    alignas(64) TypeParam plain[kCount] = {};
    alignas(64) TypeParam streamed[kCount] = {};
    FullPosition{offset}.store(plain, lanes);
    StreamedPosition{{offset}}.store(streamed, lanes);
    hwy::FlushStream();
    for (int i = 0; i < kCount; ++i) {
      const float expected =
          i < offset || i >= offset + kLanes ? 0.0f : to_float(rounded<TypeParam>(x[i - offset]));
      EXPECT_EQ(to_float(plain[i]), expected) << i;
      EXPECT_EQ(to_float(streamed[i]), expected) << i;
    }
  }
}

template <class T>
class PairPositions : public ::testing::Test {};
using PairTypes = ::testing::Types<float, f16, bf16>;
TYPED_TEST_SUITE(PairPositions, PairTypes);

TYPED_TEST(PairPositions, StreamedPairsEqualPlainOnes) {
  constexpr int kLine = 64 / static_cast<int>(sizeof(TypeParam));
  constexpr int kCount = 2 * kLanes + 2 * kLine;
  alignas(64) float x[kLanes];
  alignas(64) float y[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    x[i] = 0.1f + static_cast<float>(i);
    y[i] = -0.3f - static_cast<float>(i);
  }
  const FloatLanes first(hn::Load(FloatTag{}, x));
  const FloatLanes second(hn::Load(FloatTag{}, y));
  for (int begin = 0; begin < kLine; ++begin) {
    SCOPED_TRACE(begin);
    alignas(64) TypeParam plain[kCount] = {};
    alignas(64) TypeParam streamed[kCount] = {};
    FullPosition{0}.store_pairs(plain + begin, first, second);
    StreamedPosition{{0}}.store_pairs(streamed + begin, first, second);
    hwy::FlushStream();
    for (int i = 0; i < kCount; ++i) {
      const int pair = (i - begin) / 2;
      const bool stored = i >= begin && i < begin + 2 * kLanes;
      const float written =
          (i - begin) % 2 == 0 ? x[std::max(pair, 0) % kLanes] : y[std::max(pair, 0) % kLanes];
      const float expected = stored ? to_float(rounded<TypeParam>(written)) : 0.0f;
      EXPECT_EQ(to_float(plain[i]), expected) << i;
      EXPECT_EQ(to_float(streamed[i]), expected) << i;
    }
  }
}

}  // namespace
}  // namespace moat::cpu
