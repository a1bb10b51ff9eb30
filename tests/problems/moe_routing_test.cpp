// SPDX-License-Identifier: Apache-2.0
#include "problems/reference/moe_routing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace moat {
namespace {

using reference::routed_token;

// Two groups of four experts, of which one is chosen.
MoeRoutingProblem two_groups(const std::vector<float>& logits, const std::vector<float>& bias) {
  return {.experts = 8,
          .top = 2,
          .groups = 2,
          .limit = 1,
          .logits = logits.data(),
          .bias = bias.data()};
}

TEST(MoeRoutingReference, GroupsOfEqualExpertsTieInEveryPrecision) {
  const std::vector<float> logits{1, 0, -3, -3, -3, 1, -3, 0};
  const std::vector<float> bias(8, 0.25f);
  const auto routed = routed_token(two_groups(logits, bias), 0);
  EXPECT_FALSE(routed.groups_are_close);
  EXPECT_EQ(routed.indices, (std::vector<std::int64_t>{0, 1}));
}

// σ(1) + ¼ + σ(0) + ½ and σ(1) + ½ + σ(0) + ¼: f32 may round one of them up.
TEST(MoeRoutingReference, GroupsWithOneSumOfDifferentExpertsAreClose) {
  const std::vector<float> logits{1, 0, -3, -3, 1, 0, -3, -3};
  const std::vector<float> bias{0.25f, 0.5f, 0, 0, 0.5f, 0.25f, 0, 0};
  EXPECT_TRUE(routed_token(two_groups(logits, bias), 0).groups_are_close);
}

// The third expert of the first group is less by 2⁻⁴⁰, which f32 cannot see: it may be the second.
TEST(MoeRoutingReference, GroupsAreCloseIfAnotherExpertMayBeTheirSecond) {
  std::vector<float> logits{1, 0, -0x1p-40f, -3, 1, 0, -3, -3};
  const std::vector<float> bias(8, 0.25f);
  EXPECT_TRUE(routed_token(two_groups(logits, bias), 0).groups_are_close);
  logits[2] = -0.125f;
  EXPECT_FALSE(routed_token(two_groups(logits, bias), 0).groups_are_close);
}

TEST(MoeRoutingReference, GroupsFarApartAreNotClose) {
  const std::vector<float> logits{1, 0, -3, -3, 1.5f, 0, -3, -3};
  const std::vector<float> bias(8, 0.25f);
  const auto routed = routed_token(two_groups(logits, bias), 0);
  EXPECT_FALSE(routed.groups_are_close);
  EXPECT_EQ(routed.indices, (std::vector<std::int64_t>{4, 5}));
}

}  // namespace
}  // namespace moat
