// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/lanes.hpp"

#include <gtest/gtest.h>

namespace moat::cpu {
namespace {

FloatLanes ramp() { return hn::Iota(FloatTag{}, 0.0f); }

template <class Lanes, class F>
void expect_lanes(Lanes x, F f) {
  using T = decltype(x.first());
  alignas(64) T out[kLanes];
  hn::Store(x.v, hn::ScalableTag<T>{}, out);
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(out[i], f(i)) << "lane " << i;
}

TEST(Lanes, MixWithScalars) {
  expect_lanes(1.0f + ramp() * 2.0f - 3.0f, [](int i) { return 2.0f * i - 2; });
  expect_lanes(6.0f / (ramp() + 1.0f), [](int i) { return 6.0f / (i + 1); });
  expect_lanes(-ramp(), [](int i) { return -1.0f * i; });
  expect_lanes(3 * IntLanes::iota(2) + 1, [](int i) { return 3 * (i + 2) + 1; });
}

TEST(Lanes, SelectByComparison) {
  expect_lanes(select(ramp() > 1.0f, ramp(), 0.0f), [](int i) { return i > 1 ? 1.0f * i : 0; });
  expect_lanes(select(1 < IntLanes::iota(0), IntLanes::iota(0), -1),
               [](int i) { return i > 1 ? i : -1; });
  expect_lanes(select(2 < IntLanes::iota(0), ramp(), 9.0f),
               [](int i) { return i > 2 ? 1.0f * i : 9; });
  const auto both = (ramp() > 0.0f) & (IntLanes::iota(0) < 2);
  const auto either = (ramp() == 0.0f) | (ramp() >= 3.0f);
  expect_lanes(select(both, FloatLanes(1.0f), 0.0f), [](int i) { return i == 1 ? 1.0f : 0; });
  expect_lanes(select(either, FloatLanes(1.0f), 0.0f),
               [](int i) { return i == 0 || i >= 3 ? 1.0f : 0; });
}

TEST(Lanes, ExtremesOfPairs) {
  expect_lanes(max(ramp(), 2.0f), [](int i) { return i > 2 ? 1.0f * i : 2; });
  expect_lanes(min(IntLanes::iota(0), 2), [](int i) { return i < 2 ? i : 2; });
  EXPECT_EQ(min(3, 2), 2);
  EXPECT_EQ(select(false, 1.0f, 2.0f), 2.0f);
}

TEST(Lanes, Rotate) {
  for (int distance = 0; distance < kLanes; ++distance) {
    expect_lanes(rotate(ramp(), distance), [&](int i) { return 1.0f * ((i + distance) % kLanes); });
    expect_lanes(rotate(IntLanes::iota(0), distance),
                 [&](int i) { return (i + distance) % kLanes; });
  }
}

}  // namespace
}  // namespace moat::cpu
