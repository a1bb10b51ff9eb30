// SPDX-License-Identifier: Apache-2.0
#include "problems/moe_routing.hpp"

#include <cmath>
#include <numeric>

#include "problems/reference/moe_routing.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class MoeRoutingTest : public ::testing::TestWithParam<int> {
 protected:
  using Indices = std::vector<std::int64_t>;

  struct Routed {
    Indices indices;
    HostArray weights;
  };

  Routed solve(MoeRoutingProblem p, const HostArray& logits, const HostArray& bias) {
    const std::int64_t count = std::int64_t{p.tokens} * p.top;
    Routed routed{.indices = Indices(count, -1),
                  .weights = {DType::f32, count, [](std::int64_t) { return std::nanf(""); }}};
    p.logits = logits.data();
    p.bias = bias.data();
    p.indices = routed.indices.data();
    p.weights = routed.weights.data();
    run_on<MoeRoutingProblem>(
        *device_, p,
        {{&MoeRoutingProblem::logits, logits.size()}, {&MoeRoutingProblem::bias, bias.size()}},
        {{&MoeRoutingProblem::indices, count * sizeof(std::int64_t)},
         {&MoeRoutingProblem::weights, routed.weights.size()}});
    return routed;
  }

  // With logits whose scores float64 and f32 order alike.
  void check(MoeRoutingProblem p) {
    SCOPED_TRACE(::testing::Message() << p.experts << " experts, top " << p.top << ", " << p.groups
                                      << " groups, limit " << p.limit);
    const HostArray logits(DType::f32, std::int64_t{p.tokens} * p.experts, [&](std::int64_t i) {
      const std::int64_t token = i / p.experts;
      const std::int64_t place = (i % p.experts * (2 * token + 7) + 11 * token) % 509;
      return static_cast<float>(place) / 64.0f - 4;
    });
    const HostArray bias(DType::f32, p.experts, [](std::int64_t i) {
      return 0.25f * std::sin(static_cast<float>(i * i));
    });
    const Routed got = solve(p, logits, bias);
    p.logits = logits.data();
    p.bias = bias.data();
    for (int token = 0; token < p.tokens; ++token) {
      const auto want = reference::routed_token(p, token);
      const auto begin = got.indices.begin() + std::int64_t{token} * p.top;
      const Indices chosen(begin, begin + p.top);
      EXPECT_FALSE(want.groups_are_close);
      EXPECT_EQ(chosen, want.indices) << token;
      const auto weights = reference::routed_weights(p, token, chosen);
      for (int i = 0; i < p.top; ++i) {
        EXPECT_NEAR(got.weights[std::int64_t{token} * p.top + i], weights[i].value,
                    weights[i].bound);
      }
    }
  }

 private:
  std::unique_ptr<Device> device_ = cpu::make_device(GetParam());
};

TEST_P(MoeRoutingTest, AsDeepSeekAndAsQwen) {
  check({.tokens = 33, .experts = 256, .top = 8, .groups = 8, .limit = 4, .scale = 2.5f});
  check({.tokens = 9, .experts = 384, .top = 8, .scale = 2.827f});
  check({.tokens = 9, .experts = 128, .top = 8, .softmax = true});
  check({.tokens = 5, .experts = 6, .top = 2, .groups = 3, .limit = 1});
  check({.tokens = 5, .experts = 7, .top = 7});
  check({.tokens = 1, .experts = 1, .top = 1, .softmax = true});
}

// Of equal experts the first are chosen, within the first of equal groups.
TEST_P(MoeRoutingTest, TiesAreStable) {
  const HostArray logits(DType::f32, 64, [](std::int64_t) { return 0.5f; });
  const HostArray bias(DType::f32, 64, [](std::int64_t i) { return i / 16 == 2 ? 0.5f : 0.25f; });
  EXPECT_EQ(solve({.experts = 64, .top = 4}, logits, bias).indices, (Indices{32, 33, 34, 35}));
  EXPECT_EQ(solve({.experts = 64, .top = 18, .groups = 4, .limit = 2}, logits, bias).indices,
            (Indices{32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 0, 1}));
}

// The best expert alone does not make its group one of the best, and without its group it is not
// chosen.
TEST_P(MoeRoutingTest, GroupsCountWithTheirBestTwo) {
  const HostArray logits(DType::f32, 16, [](std::int64_t i) {
    return i == 5 ? 3.0f : i == 9 || i == 10 ? 2.0f : -3.0f;
  });
  const HostArray bias(DType::f32, 16, [](std::int64_t) { return 0.0f; });
  EXPECT_EQ(solve({.experts = 16, .top = 2, .groups = 4, .limit = 1}, logits, bias).indices,
            (Indices{9, 10}));
}

INSTANTIATE_TEST_SUITE_P(Cpu, MoeRoutingTest, ::testing::Values(1, 2, 5));

}  // namespace
}  // namespace moat::testing
