// SPDX-License-Identifier: Apache-2.0
#include "problems/add_norm.hpp"

namespace moat {

std::vector<AddNormProblem> kernels_of(Type<AddNormProblem>) { return {AddNormProblem{}}; }

Description describe(const AddNormProblem&) {
  return {.kernel = "addrmsnorm",
          .text = "residual addition and root mean square normalisation in one pass",
          .example = "addrmsnorm/bf16/r4096c4096"};
}

Work work(const AddNormProblem&) { return Work::elements; }

void shape(AddNormProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.optional_real("eps", p.epsilon, AddNormProblem{}.epsilon);
}

std::string what_is_wrong(const AddNormProblem&) { return {}; }

}  // namespace moat
