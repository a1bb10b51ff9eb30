// SPDX-License-Identifier: Apache-2.0
#include "problems/swiglu.hpp"

namespace moat {

std::vector<SwigluProblem> kernels_of(Type<SwigluProblem>) { return {SwigluProblem{}}; }

Description describe(const SwigluProblem&) {
  return {.kernel = "swiglu",
          .text = "gate of a feed-forward layer: silu(gate) times value, limit7 as gpt-oss has it",
          .example = "swiglu/bf16/r4096c14336"};
}

Work work(const SwigluProblem&) { return Work::elements; }

void shape(SwigluProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.optional_real("limit", p.limit, SwigluProblem{}.limit);
}

std::string what_is_wrong(const SwigluProblem&) { return {}; }

}  // namespace moat
