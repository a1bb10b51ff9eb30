// SPDX-License-Identifier: Apache-2.0
#include "problems/rope.hpp"

#include <fmt/format.h>

namespace moat {

std::vector<RopeProblem> kernels_of(Type<RopeProblem>) { return {RopeProblem{}}; }

Description describe(const RopeProblem&) {
  return {.kernel = "rope",
          .text = "rotary position embedding of every head, pairs half a head apart or interleaved",
          .example = "rope/bf16/t4096h32d128"};
}

Work work(const RopeProblem&) { return Work::elements; }

void shape(RopeProblem& p, ShapeKeys& keys) {
  keys.dimension("t", p.tokens);
  keys.dimension("h", p.heads);
  keys.dimension("d", p.head_dim);
  keys.flag("interleaved", p.interleaved);
}

std::string what_is_wrong(const RopeProblem& p) {
  if (p.head_dim % 2 != 0) return fmt::format("d{}: pairs need an even head dimension", p.head_dim);
  return {};
}

}  // namespace moat
