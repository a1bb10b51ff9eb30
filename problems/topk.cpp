// SPDX-License-Identifier: Apache-2.0
#include "problems/topk.hpp"

#include <fmt/format.h>

namespace moat {

std::vector<TopkProblem> kernels_of(Type<TopkProblem>) { return {TopkProblem{}}; }

Description describe(const TopkProblem&) {
  return {.kernel = "topk",
          .text = "the k largest elements of each row, in order, and their columns",
          .example = "topk/f32/r16c129280k50"};
}

Work work(const TopkProblem&) { return Work::elements; }

void shape(TopkProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.dimension("k", p.k);
}

std::string what_is_wrong(const TopkProblem& p) {
  if (p.k > p.cols) return fmt::format("k{}: a row has only {} elements", p.k, p.cols);
  return {};
}

}  // namespace moat
