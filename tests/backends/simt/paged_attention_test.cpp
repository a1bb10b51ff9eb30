// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case.hpp"
#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedPagedAttention : public EmulatedTest {
 protected:
  void check(const std::string& shape, Launch how = {}) {
    const Problem problem =
        parse_case("pagedattention/" + std::string(name_of(dtype())) + "/" + shape);
    SCOPED_TRACE(case_name(problem));
    expect_verified(problem, how);
  }
};

// Ranges of keys are merged, with sinks and windows, and a block goes from one item to the next.
TEST_P(EmulatedPagedAttention, SplitKeys) {
  check("b2q1kv131p16h4hkv2d128raggedsinks", {.max_blocks = 2, .splits = 4});
  check("b1q20kv101p64h2hkv1d64causalsinkswindow50", {.max_blocks = 1, .splits = 3});
  check("b1q1kv90p1h2hkv2d192dv128window70", {.splits = 3});
}

// More steps than any ring has stages.
TEST_P(EmulatedPagedAttention, StagesAreFilledAgain) {
  check("b1q1kv333p16h2hkv1d64");
  check("b1q3kv333p64h1hkv1d128");
}

// The columns of the values fall into several tiles, one of which writes the log-sum-exp.
TEST_P(EmulatedPagedAttention, LatentSplitKeys) {
  const std::string type(name_of(dtype()));
  expect_verified(parse_case("mla/" + type + "/b1q2kv150h20causal"), {.splits = 3});
}

TEST_P(EmulatedPagedAttention, LatentInCodesSplitKeys) {
  if (dtype() != DType::bf16) return;
  expect_verified(parse_case("mla/bf16xe4m3/b1q2kv150h20causal"), {.splits = 3});
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedPagedAttention, architectures_of_halves,
                         architecture_name);

}  // namespace
}  // namespace moat::testing
