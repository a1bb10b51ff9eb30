// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#include <cstring>
#include <vector>

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

// An operand one element past an aligned address; lanes may access nothing around it.
class ShiftedCopy {
 public:
  ShiftedCopy(const void* data, std::size_t bytes, std::size_t shift)
      : memory_(bytes + shift), data_(memory_.data() + shift), known_(data_, bytes) {
    if (data != nullptr) std::memcpy(data_, data, bytes);
  }
  void* data() const { return data_; }

 private:
  std::vector<std::byte> memory_;
  std::byte* data_;
  emulator::GlobalMemory known_;
};

// Any address of an element will do: what copies of boxes or of chunks cannot take goes element by
// element, also where only one operand lies so.
TEST_P(EmulatedAttention, OperandsAtOddAddresses) {
  enum Odd : unsigned { q = 1, k = 2, v = 4, o = 8, all = 15 };
  const std::size_t size = size_of(dtype());
  for (const int q_len : {1, 70}) {
    const AttentionProblem shape{.dtype = dtype(),
                                 .q_heads = 2,
                                 .q_len = q_len,
                                 .kv_len = 70,
                                 .head_dim = 64,
                                 .causal = true};
    const Inputs inputs(shape, 3);
    const Verifier verifier(inputs);
    const std::size_t queries = size * 2 * 64 * static_cast<std::size_t>(q_len);
    const std::size_t keys = size * 64 * 70;
    for (const unsigned odd :
         {0U, unsigned{q}, unsigned{k}, unsigned{v}, unsigned{o}, unsigned{all}}) {
      SCOPED_TRACE(::testing::Message() << "q_len " << q_len << ", odd " << odd);
      auto p = std::get<AttentionProblem>(inputs.problem());
      const auto shift = [&](Odd which) { return (odd & which) != 0 ? size : 0; };
      const ShiftedCopy q_copy(p.q, queries, shift(q));
      const ShiftedCopy k_copy(p.k, keys, shift(k));
      const ShiftedCopy v_copy(p.v, keys, shift(v));
      const ShiftedCopy o_copy(nullptr, queries, shift(o));
      p.q = q_copy.data();
      p.k = k_copy.data();
      p.v = v_copy.data();
      p.o = o_copy.data();
      solve(p);
      const Check check = verifier.check({static_cast<const std::byte*>(p.o), queries});
      EXPECT_TRUE(check.passed) << check.message;
      EXPECT_EQ(check.checked, check.elements);
    }
  }
}

// One key outweighs 300 others, whose weights are subnormal in f16 and make the result.
TEST_P(EmulatedAttention, SubnormalWeights) {
  const emulator::amd::FlushedSubnormals as_gfx90a;
  constexpr int kKeys = 301;
  AttentionProblem p{.dtype = dtype(), .q_len = 1, .kv_len = kKeys, .head_dim = 64};
  p.scale = 0.125f;
  const auto q = elements(64, [](std::size_t i) { return i == 0 ? 8.0f : 0.0f; });
  const auto k = elements(kKeys * 64, [](std::size_t i) { return i == 0 ? 10.5f : 0.0f; });
  const auto v = elements(kKeys * 64, [](std::size_t i) { return i < 64 ? 0.0f : 1.0f; });
  std::vector<std::byte> o(size_of(dtype()) * 64);
  p.q = q.data();
  p.k = k.data();
  p.v = v.data();
  p.o = o.data();
  solve(p);
  const auto passes = [&](bool flushes) {
    return Verifier(p, Data::any, {.flushes_subnormals = flushes}).check(o).passed;
  };
  const bool kept = std::string_view(GetParam().name) != "cdna" || dtype() != DType::f16;
  EXPECT_EQ(passes(false), kept);
  EXPECT_TRUE(passes(true));
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedAttention, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
