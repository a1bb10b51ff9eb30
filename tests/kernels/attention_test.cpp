// SPDX-License-Identifier: Apache-2.0
#include "problems/attention.hpp"

#include "problems/reference/attention.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

struct Shape {
  int batch, q_heads, kv_heads, q_len, kv_len;
  bool causal = false;
};

class AttentionTest : public KernelTest {
 protected:
  using Values = std::function<float(std::int64_t)>;

  void check(const Shape& s, int head_dim, reference::Data data, const Values& q_value,
             const Values& k_value, const Values& v_value) {
    SCOPED_TRACE(::testing::Message() << "batch " << s.batch << ", heads " << s.q_heads << "/"
                                      << s.kv_heads << ", lengths " << s.q_len << "/" << s.kv_len
                                      << ", head_dim " << head_dim << (s.causal ? ", causal" : ""));
    const std::int64_t q_size = std::int64_t{s.batch} * s.q_heads * s.q_len * head_dim;
    const std::int64_t kv_size = std::int64_t{s.batch} * s.kv_heads * s.kv_len * head_dim;
    const HostArray q(dtype(), q_size, q_value);
    const HostArray k(dtype(), kv_size, k_value);
    const HostArray v(dtype(), kv_size, v_value);
    HostArray o(dtype(), q_size, [](std::int64_t) { return std::nanf(""); });
    const AttentionProblem p{dtype(),    s.batch,  s.q_heads,
                             s.kv_heads, s.q_len,  s.kv_len,
                             head_dim,   s.causal, 1 / std::sqrt(static_cast<float>(head_dim)),
                             q.data(),   k.data(), v.data(),
                             o.data()};
    run_on<AttentionProblem>(device(), p,
                             {{&AttentionProblem::q, q.size()},
                              {&AttentionProblem::k, k.size()},
                              {&AttentionProblem::v, v.size()}},
                             &AttentionProblem::o, o.size());

    // Of many rows a sample, with the last ones: every tile and every lane has some.
    const int step = s.q_len > 400 ? 13 : 1;
    double worst = 0;
    for (int batch = 0; batch < s.batch; ++batch) {
      for (int head = 0; head < s.q_heads; ++head) {
        for (int query = 0; query < s.q_len; query += s.q_len - 1 - query < step ? 1 : step) {
          const auto row = reference::attention_row(p, batch, head, query);
          const auto at = reference::index_query(p, batch, head, query);
          for (int i = 0; i < head_dim; ++i) {
            const double bound =
                reference::bound(p, row.out[i], row.value_abs[i], row.logits, data);
            worst = std::max(
                worst, reference::error_over_bound(o[at + i], row.out[i].value, bound, dtype()));
          }
        }
      }
    }
    EXPECT_LE(worst, 1);
  }

  void check_random(const Shape& s) {
    for (const int head_dim : {64, 128}) {
      std::mt19937 generator(11);
      std::uniform_real_distribution<float> uniform(-1, 1);
      const auto next = [&](std::int64_t) { return uniform(generator); };
      check(s, head_dim, reference::Data::random_signs, next, next, next);
    }
  }
};

TEST_P(AttentionTest, SmallAndPrimeLengths) {
  for (const bool causal : {false, true}) {
    for (const auto& [q_len, kv_len] : {std::pair{1, 1}, {1, 2}, {2, 1}, {7, 13}, {17, 129}}) {
      check_random({1, 2, 1, q_len, kv_len, causal});
    }
  }
}

TEST_P(AttentionTest, GroupedHeadsAndBatches) {
  check_random({2, 6, 2, 37, 101, false});
  check_random({2, 6, 2, 37, 101, true});
  check_random({3, 4, 4, 1, 65, true});
}

TEST_P(AttentionTest, SeveralTiles) {
  check_random({1, 1, 1, 211, 307, false});
  check_random({1, 1, 1, 307, 307, true});
}

// The first q_len − kv_len queries see no key: their rows are zeros.
TEST_P(AttentionTest, QueriesWithoutKeys) {
  check_random({1, 2, 1, 19, 5, true});
  check_random({1, 1, 1, 250, 3, true});
}

// More workers than tiles: the keys are split, and some ranges hold no visible key of a row.
TEST_P(AttentionTest, SplitKeys) {
  check_random({1, 8, 1, 1, 5000, true});
  check_random({1, 1, 1, 3, 4099, true});
  check_random({1, 1, 1, 100, 2600, false});
  check_random({1, 1, 1, 1100, 1100, true});
  check_random({1, 1, 1, 1500, 1100, true});
}

// More keys than backends keep packed take schedules of their own.
TEST_P(AttentionTest, ManyKeys) { check_random({1, 1, 1, 100, 8210, true}); }

// Tiles of few rows end within a head.
TEST_P(AttentionTest, SeveralGroupsInDecodeTiles) {
  check_random({2, 14, 2, 1, 333, false});
  check_random({1, 70, 10, 1, 150, false});
  check_random({2, 32, 2, 1, 65, false});
  check_random({1, 72, 6, 1, 333, false});
}

TEST_P(AttentionTest, LargeGroupInOneDecodeTile) { check_random({1, 71, 1, 1, 333, false}); }

// One key takes all the weight; the others' exponents underflow.
TEST_P(AttentionTest, LargeLogits) {
  const auto sign = [](std::int64_t i) { return i * 2654435761u % 7 < 3 ? -1.0f : 1.0f; };
  for (const int q_len : {1, 40}) {
    check(
        {1, 2, 2, q_len, 150, true}, 64, reference::Data::any,
        [&](std::int64_t i) { return 30 * sign(i); },
        [&](std::int64_t i) { return 30 * sign(i + i / 128); },
        [&](std::int64_t i) { return static_cast<float>(i % 5); });
  }
}

TEST_P(AttentionTest, EqualKeysAverageTheValues) {
  check(
      {1, 2, 1, 33, 200, false}, 128, reference::Data::any, [](std::int64_t) { return 0.5f; },
      [](std::int64_t) { return 0.25f; },
      [](std::int64_t i) { return static_cast<float>(i % 11) - 5; });
}

TEST_P(AttentionTest, Subnormals) {
  check(
      {1, 2, 1, 9, 30, false}, 64, reference::Data::any, [](std::int64_t) { return 0x1p-140f; },
      [](std::int64_t) { return 0x1p-130f; },
      [](std::int64_t i) { return 0x1p-130f * static_cast<float>(i % 3); });
}

// Keys beyond the diagonal may hold anything.
TEST_P(AttentionTest, MaskHidesHugeScores) {
  const int kv_len = 90;
  const auto late = [&](std::int64_t i, float x) { return i / 64 % kv_len >= 45 ? x : 0.5f; };
  check(
      {1, 1, 1, kv_len, kv_len, true}, 64, reference::Data::any, [](std::int64_t) { return 1.0f; },
      [&](std::int64_t i) { return late(i, 200.0f); },
      [&](std::int64_t i) { return late(i, 9.0f); });
}

// Items are counted in 32 bits.
TEST(Attention, RefusesMoreTilesThanItCounts) {
  const auto device = cpu::make_device(1);
  const AttentionProblem p{
      .batch = 1 << 16, .q_heads = 1 << 15, .kv_heads = 1, .q_len = 2, .kv_len = 1, .head_dim = 64};
  EXPECT_THROW(device->run(p), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
