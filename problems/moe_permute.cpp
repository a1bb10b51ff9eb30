// SPDX-License-Identifier: Apache-2.0
#include "problems/moe_permute.hpp"

#include <fmt/format.h>

#include <limits>

namespace moat {

std::vector<MoePermuteProblem> kernels_of(Type<MoePermuteProblem>) { return {MoePermuteProblem{}}; }

Description describe(const MoePermuteProblem&) {
  return {.kernel = "moepermute",
          .text = "rows of tokens, sorted by the experts that they go to",
          .example = "moepermute/bf16/t4096e256top8c7168"};
}

Work work(const MoePermuteProblem&) { return Work::elements; }

void shape(MoePermuteProblem& p, ShapeKeys& keys) {
  keys.dimension("t", p.tokens);
  keys.dimension("e", p.experts);
  keys.dimension("top", p.top);
  keys.dimension("c", p.cols);
}

std::string what_is_wrong(const MoePermuteProblem& p) {
  if (p.top > p.experts) {
    return fmt::format("a token goes to top={} of {} experts", p.top, p.experts);
  }
  if (std::int64_t{p.tokens} * p.top > std::numeric_limits<int>::max()) {
    return fmt::format("{} rows are more than 32 bits count", std::int64_t{p.tokens} * p.top);
  }
  return {};
}

}  // namespace moat
