#include "kernels/attention.hpp"

#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedAttention : public EmulatedTest {
 protected:
  void check(AttentionProblem p, Launch how = {}) {
    for (const int head_dim : {64, 128}) {
      SCOPED_TRACE(::testing::Message()
                   << "batch " << p.batch << ", heads " << p.q_heads << "/" << p.kv_heads
                   << ", lengths " << p.q_len << "/" << p.kv_len << ", head_dim " << head_dim);
      p.dtype = dtype();
      p.head_dim = head_dim;
      expect_verified(p, how);
    }
  }
};

TEST_P(EmulatedAttention, ShortAndPrimeLengths) {
  for (const bool causal : {false, true}) {
    check({.q_len = 1, .kv_len = 1, .causal = causal});
    check({.q_len = 2, .kv_len = 1, .causal = causal});
    check({.q_len = 13, .kv_len = 37, .causal = causal});
    check({.q_len = 67, .kv_len = 67, .causal = causal});
  }
}

TEST_P(EmulatedAttention, GroupedHeadsAndBatches) {
  check({.batch = 2, .q_heads = 6, .kv_heads = 2, .q_len = 11, .kv_len = 19, .causal = true},
        {.max_blocks = 2});
}

// The first queries see no key: their rows are zeros.
TEST_P(EmulatedAttention, MoreQueriesThanKeys) {
  check({.q_heads = 2, .kv_heads = 1, .q_len = 150, .kv_len = 9, .causal = true});
  check({.q_len = 70, .kv_len = 40, .causal = true}, {.splits = 2});
}

TEST_P(EmulatedAttention, Decode) {
  check({.batch = 2, .q_heads = 8, .kv_heads = 2, .kv_len = 41, .causal = true});
  check({.q_heads = 21, .kv_heads = 1, .kv_len = 33});  // more than one tile of heads
}

// A block goes from one item to the next, and ranges of keys are merged, the last one short.
TEST_P(EmulatedAttention, SplitKeys) {
  check({.batch = 2, .q_heads = 4, .kv_heads = 2, .kv_len = 131, .causal = true},
        {.max_blocks = 2, .splits = 4});
  check({.q_heads = 2, .kv_heads = 2, .q_len = 45, .kv_len = 101, .causal = true},
        {.max_blocks = 1, .splits = 3});
}

// More steps than any ring has stages, and from one item into the next.
TEST_P(EmulatedAttention, StagesAreFilledAgain) {
  check({.q_heads = 4, .q_len = 9, .kv_len = 601, .causal = true}, {.max_blocks = 1});
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedAttention, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
