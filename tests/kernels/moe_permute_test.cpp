// SPDX-License-Identifier: Apache-2.0
#include "problems/moe_permute.hpp"

#include <cmath>

#include "problems/moe_unpermute.hpp"
#include "problems/reference/moe_permute.hpp"
#include "problems/reference/moe_unpermute.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class MoePermuteTest : public KernelTest {
 protected:
  using Numbers = std::vector<std::int64_t>;

  // Sorts the rows, and adds up the token's own again.
  void check(int tokens, int experts, int top, int cols) {
    SCOPED_TRACE(::testing::Message() << tokens << " tokens, " << experts << " experts, top " << top
                                      << ", " << cols << " columns");
    const int count = tokens * top;
    const HostArray x = random_array(dtype(), std::int64_t{tokens} * cols, 1);
    Numbers indices(count);
    std::mt19937 generator(2);
    for (auto& index : indices) index = generator() % std::max(1, experts - 1);
    HostArray y(dtype(), std::int64_t{count} * cols, [](std::int64_t) { return std::nanf(""); });
    Numbers bounds(experts + 1, -1);
    Numbers positions(count, -1);
    const MoePermuteProblem p{.dtype = dtype(),
                              .tokens = tokens,
                              .experts = experts,
                              .top = top,
                              .cols = cols,
                              .x = x.data(),
                              .indices = indices.data(),
                              .y = y.data(),
                              .bounds = bounds.data(),
                              .positions = positions.data()};
    const auto bytes = [](const Numbers& n) { return n.size() * sizeof(std::int64_t); };
    run_on<MoePermuteProblem>(
        device(), p,
        {{&MoePermuteProblem::x, x.size()}, {&MoePermuteProblem::indices, bytes(indices)}},
        {{&MoePermuteProblem::y, y.size()},
         {&MoePermuteProblem::bounds, bytes(bounds)},
         {&MoePermuteProblem::positions, bytes(positions)}});
    const auto want = reference::sorted_by_expert(p);
    EXPECT_EQ(bounds, want.bounds);
    EXPECT_EQ(positions, want.positions);
    for (int i = 0; i < count; ++i) {
      for (int c = 0; c < cols; ++c) {
        ASSERT_EQ(y[want.positions[i] * cols + c], x[std::int64_t{i / top} * cols + c]) << i;
      }
    }
    check_sums(tokens, top, cols, y, positions);
  }

 private:
  void check_sums(int tokens, int top, int cols, const HostArray& x, const Numbers& positions) {
    const HostArray weights = random_array(DType::f32, std::int64_t{tokens} * top, 3, 2);
    HostArray y(dtype(), std::int64_t{tokens} * cols, [](std::int64_t) { return std::nanf(""); });
    const MoeUnpermuteProblem p{.dtype = dtype(),
                                .tokens = tokens,
                                .top = top,
                                .cols = cols,
                                .x = x.data(),
                                .positions = positions.data(),
                                .weights = weights.data(),
                                .y = y.data()};
    run_on<MoeUnpermuteProblem>(
        device(), p,
        {{&MoeUnpermuteProblem::x, x.size()},
         {&MoeUnpermuteProblem::positions, positions.size() * sizeof(std::int64_t)},
         {&MoeUnpermuteProblem::weights, weights.size()}},
        &MoeUnpermuteProblem::y, y.size());
    double worst = 0;
    for (std::int64_t i = 0; i < y.count(); ++i) {
      const auto want = reference::weighted_sum(p, i / cols, i % cols);
      worst = std::max(worst, reference::error_over_bound(y[i], want.value, want.bound, dtype()));
    }
    EXPECT_LE(worst, 1);
  }
};

TEST_P(MoePermuteTest, EveryShortCount) {
  for (const int tokens : {1, 2, 3, 7}) {
    for (const int experts : {1, 2, 5, 300}) check(tokens, experts, 1 + experts % 4, 5);
  }
}

// Indices of an expert in several parts of 256, and rows of several vectors.
TEST_P(MoePermuteTest, SeveralParts) {
  check(64, 9, 4, 33);
  check(257, 16, 3, 70);
  check(700, 40, 2, 17);
}

INSTANTIATE_TEST_SUITE_P(Cpu, MoePermuteTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
