// SPDX-License-Identifier: Apache-2.0
#include "problems/reduction.hpp"

namespace moat {

std::vector<ReductionProblem> kernels_of(Type<ReductionProblem>) {
  return {{.op = ReductionOp::sum}, {.op = ReductionOp::max}, {.op = ReductionOp::argmax}};
}

Description describe(const ReductionProblem& p) {
  switch (p.op) {
    case ReductionOp::sum:
      return {.kernel = "sum", .text = "sum of a vector, in f32", .example = "sum/f32/n1048576"};
    case ReductionOp::max:
      return {
          .kernel = "max", .text = "largest element of a vector", .example = "max/f32/n1048576"};
    case ReductionOp::argmax:
      return {.kernel = "argmax",
              .text = "first position of the largest element",
              .example = "argmax/f32/n1048576"};
  }
  return {};
}

Work work(const ReductionProblem&) { return Work::elements; }

void shape(ReductionProblem& p, ShapeKeys& keys) { keys.length("n", p.n); }

std::string what_is_wrong(const ReductionProblem&) { return {}; }

}  // namespace moat
