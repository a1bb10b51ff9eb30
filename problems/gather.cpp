// SPDX-License-Identifier: Apache-2.0
#include "problems/gather.hpp"

namespace moat {

std::vector<GatherProblem> kernels_of(Type<GatherProblem>) { return {GatherProblem{}}; }

Description describe(const GatherProblem&) {
  return {.kernel = "gather",
          .text = "embeddings of t tokens: rows of a table of v",
          .example = "gather/bf16/v128256t512d4096"};
}

Work work(const GatherProblem&) { return Work::elements; }

void shape(GatherProblem& p, ShapeKeys& keys) {
  keys.dimension("v", p.vocab);
  keys.dimension("t", p.tokens);
  keys.dimension("d", p.dim);
}

std::string what_is_wrong(const GatherProblem&) { return {}; }

}  // namespace moat
