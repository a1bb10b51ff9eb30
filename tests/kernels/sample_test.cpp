// SPDX-License-Identifier: Apache-2.0
#include "problems/sample.hpp"

#include <map>

#include "problems/reference/sample.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of this many rows of the same logits, u is the middle of each of as many parts of [0, 1).
std::vector<float> evenly(int rows) {
  std::vector<float> u(rows);
  for (int i = 0; i < rows; ++i) u[i] = (static_cast<float>(i) + 0.5f) / static_cast<float>(rows);
  return u;
}

class SampleTest : public KernelTest {
 protected:
  std::vector<std::int64_t> sample(SampleProblem& p, const HostArray& logits,
                                   const std::vector<float>& uniform) {
    std::vector<std::int64_t> tokens(uniform.size(), -1);
    p.dtype = dtype();
    p.rows = static_cast<int>(uniform.size());
    p.logits = logits.data();
    p.uniform = uniform.data();
    p.tokens = tokens.data();
    run_on<SampleProblem>(device(), p,
                          {{&SampleProblem::logits, logits.size()},
                           {&SampleProblem::uniform, uniform.size() * sizeof(float)}},
                          &SampleProblem::tokens, tokens.size() * sizeof(std::int64_t));
    p.tokens = nullptr;
    return tokens;
  }

  // The total variation distance between the tokens that rows of `logits` get and float64's
  // distribution of them. A part of the distribution holds as many of u's places as its width says,
  // give or take one, and one more where rounding moves an end: half of that for each token.
  void check_distribution(SampleProblem p, const std::function<float(std::int64_t)>& f) {
    constexpr int kRows = 4001;
    SCOPED_TRACE(::testing::Message() << p.cols << ", " << p.k << ", temperature " << p.temperature
                                      << ", p " << p.top_p);
    const HostArray logits(dtype(), std::int64_t{kRows} * p.cols,
                           [&](std::int64_t i) { return f(i % p.cols); });
    const std::vector<std::int64_t> tokens = sample(p, logits, evenly(kRows));
    const reference::SampledRow want = reference::sampled_row(p, 0);
    const auto [kept, most] = reference::kept_counts(p, want);
    ASSERT_EQ(kept, most);
    std::map<std::int64_t, double> share;
    for (const std::int64_t token : tokens) share[token] += 1.0 / kRows;
    double distance = 0;
    double sum = 0;
    for (int i = 0; i < kept; ++i) {
      const double probability = (want.sums[i] - sum) / want.sums[kept - 1];
      sum = want.sums[i];
      distance += std::abs(share[want.columns[i]] - probability) / 2;
      share.erase(want.columns[i]);
    }
    EXPECT_TRUE(share.empty()) << "token " << share.begin()->first << " is not kept";
    EXPECT_LE(distance, 1.0 * kept / kRows);
  }
};

TEST_P(SampleTest, Distribution) {
  const auto f = [](std::int64_t i) { return static_cast<float>(i * 37 % 101) / 20; };
  check_distribution({.cols = 200, .k = 1}, f);
  check_distribution({.cols = 200, .k = 20}, f);
  check_distribution({.cols = 200, .k = 20, .temperature = 0.3f}, f);
  check_distribution({.cols = 200, .k = 20, .temperature = 5}, f);
  check_distribution({.cols = 200, .k = 20, .top_p = 0.53f}, f);
  check_distribution({.cols = 200, .k = 200, .temperature = 0.7f, .top_p = 0.9f}, f);
  check_distribution({.cols = 200, .k = 20, .top_p = 1e-6f}, f);
}

TEST_P(SampleTest, LogitsNear100AndMinusInfinity) {
  check_distribution({.cols = 50, .k = 8},
                     [](std::int64_t i) { return 100 + static_cast<float>(i % 7); });
  check_distribution({.cols = 50, .k = 8, .top_p = 0.8f},
                     [](std::int64_t i) { return -120 - static_cast<float>(i % 7); });
  check_distribution({.cols = 50, .k = 3}, [](std::int64_t i) {
    return i % 9 == 4 ? static_cast<float>(i) / 20 : -kInfinity;
  });
}

// Fewer numbers than are kept, and u at both of its ends: never a token of −∞.
TEST_P(SampleTest, EndsOfTheDistribution) {
  const HostArray logits(dtype(), 60, [](std::int64_t i) {
    return i % 20 == 7 ? 1.0f : i % 20 == 3 ? 0.5f : -kInfinity;
  });
  for (const float top_p : {1.0f, 0.999f}) {
    SampleProblem p{.cols = 20, .k = 10, .top_p = top_p};
    const std::vector<std::int64_t> want{7, 3, 3};
    EXPECT_EQ(sample(p, logits, {0, 1 - 0x1p-24f, 0.99f}), want) << top_p;
  }
}

TEST_P(SampleTest, RowsInParts) {
  for (const int cols : {9001, 129280}) {
    SampleProblem p{.cols = cols, .k = 50, .temperature = 0.8f, .top_p = 0.95f};
    const auto logits = random_array(dtype(), cols, 3, 12);
    for (const float u : {0.0f, 0.3f, 0.7f, 0.9999f}) {
      const std::vector<float> uniform{u};
      const std::int64_t token = sample(p, logits, uniform).front();
      const reference::SampledRow want = reference::sampled_row(p, 0);
      const auto [fewest, most] = reference::kept_counts(p, want);
      bool right = false;
      for (int kept = fewest; kept <= most; ++kept) {
        const auto found = std::find(want.columns.begin(), want.columns.begin() + kept, token);
        const auto rank = static_cast<int>(found - want.columns.begin());
        right |= rank < kept && reference::place_of(p, want, 0, rank, kept).error_over_bound() <= 1;
      }
      EXPECT_TRUE(right) << cols << ", u " << u << ": " << token;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, SampleTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
