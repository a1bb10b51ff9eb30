// SPDX-License-Identifier: Apache-2.0
#include "problems/indexer.hpp"

#include <cmath>
#include <limits>

#include "problems/reference/indexer.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

class IndexerTest : public KernelTest {
 protected:
  void check(IndexerProblem p, const HostArray& q, const HostArray& k, const HostArray& weights) {
    if (dtype() == DType::f32) return;
    p.dtype = dtype();
    SCOPED_TRACE(::testing::Message() << "batch " << p.batch << ", lengths " << p.q_len << "/"
                                      << p.kv_len << ", heads " << p.heads);
    const std::int64_t rows = std::int64_t{p.batch} * p.q_len;
    HostArray scores(DType::f32, rows * p.kv_len, [](std::int64_t) { return std::nanf(""); });
    p.q = q.data();
    p.k = k.data();
    p.weights = weights.data();
    p.scores = scores.data();
    using P = IndexerProblem;
    run_on<P>(device(), p, {{&P::q, q.size()}, {&P::k, k.size()}, {&P::weights, weights.size()}},
              {{&P::scores, scores.size()}});
    double worst = 0;
    for (std::int64_t i = 0; i < scores.count(); ++i) {
      const std::int64_t row = i / p.kv_len;
      const auto want = reference::indexer_score(p, row / p.q_len, row % p.q_len, i % p.kv_len,
                                                 reference::Data::random_signs);
      worst = std::max(worst,
                       reference::error_over_bound(scores[i], want.value, want.bound, DType::f32));
    }
    EXPECT_LE(worst, 1);
  }

  void check(const IndexerProblem& p) {
    const std::int64_t queries = std::int64_t{p.batch} * p.q_len * p.heads;
    check(p, random_array(dtype(), queries * kIndexDim, 1),
          random_array(dtype(), std::int64_t{p.batch} * p.kv_len * kIndexDim, 2),
          random_array(DType::f32, queries, 3));
  }
};

// More heads than a tile has columns, and fewer.
TEST_P(IndexerTest, Heads) {
  for (const int heads : {1, 7, 64, 65, 150}) check({.batch = 2, .kv_len = 133, .heads = heads});
}

TEST_P(IndexerTest, Lengths) {
  for (const int kv_len : {1, 15, 192, 193, 1000}) check({.kv_len = kv_len, .heads = 8});
  check({.batch = 3, .q_len = 40, .kv_len = 300, .heads = 5});
}

// The first queries see no key.
TEST_P(IndexerTest, MoreQueriesThanKeys) { check({.q_len = 9, .kv_len = 5, .heads = 3}); }

// Products below 0 count as 0: with such alone every score is one.
TEST_P(IndexerTest, Rectifies) {
  const auto alternating = [](std::int64_t i) { return i / kIndexDim % 2 == 0 ? 0.5f : -0.5f; };
  const auto negative = [](std::int64_t) { return -1.0f; };
  check({.kv_len = 100, .heads = 6}, {dtype(), 6 * kIndexDim, negative},
        {dtype(), 100 * kIndexDim, alternating}, {DType::f32, 6, negative});
}

INSTANTIATE_TEST_SUITE_P(Cpu, IndexerTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
