// SPDX-License-Identifier: Apache-2.0
// Positions of element-wise loops write the same elements however they reach memory.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace moat::cpu
