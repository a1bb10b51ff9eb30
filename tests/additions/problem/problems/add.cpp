// SPDX-License-Identifier: Apache-2.0
#include "problems/add.hpp"

namespace moat {

std::vector<AddProblem> kernels_of(Type<AddProblem>) { return {AddProblem{}}; }

Description describe(const AddProblem&) {
  return {.kernel = "add", .text = "sum of two matrices", .example = "add/f32/r1024c1024"};
}

Work work(const AddProblem&) { return Work::elements; }

void shape(AddProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
}

std::string what_is_wrong(const AddProblem&) { return {}; }

}  // namespace moat
