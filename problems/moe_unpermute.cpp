// SPDX-License-Identifier: Apache-2.0
#include "problems/moe_unpermute.hpp"

#include <fmt/format.h>

#include <limits>

namespace moat {

std::vector<MoeUnpermuteProblem> kernels_of(Type<MoeUnpermuteProblem>) {
  return {MoeUnpermuteProblem{}};
}

Description describe(const MoeUnpermuteProblem&) {
  return {.kernel = "moeunpermute",
          .text = "weighted sums of the rows that experts made of each token",
          .example = "moeunpermute/bf16/t4096top8c7168"};
}

Work work(const MoeUnpermuteProblem&) { return Work::elements; }

void shape(MoeUnpermuteProblem& p, ShapeKeys& keys) {
  keys.dimension("t", p.tokens);
  keys.dimension("top", p.top);
  keys.dimension("c", p.cols);
}

std::string what_is_wrong(const MoeUnpermuteProblem& p) {
  if (std::int64_t{p.tokens} * p.top > std::numeric_limits<int>::max()) {
    return fmt::format("{} rows are more than 32 bits count", std::int64_t{p.tokens} * p.top);
  }
  return {};
}

}  // namespace moat
