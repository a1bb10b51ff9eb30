// SPDX-License-Identifier: Apache-2.0
#include "problems/rows.hpp"

namespace moat {

std::vector<RowsProblem> kernels_of(Type<RowsProblem>) {
  return {{.op = RowsOp::softmax}, {.op = RowsOp::rms_norm}};
}

Description describe(const RowsProblem& p) {
  switch (p.op) {
    case RowsOp::softmax:
      return {.kernel = "softmax",
              .text = "softmax of every row of a matrix",
              .example = "softmax/bf16/r4096c4096"};
    case RowsOp::rms_norm:
      return {.kernel = "rmsnorm",
              .text = "root mean square normalisation of every row of a matrix",
              .example = "rmsnorm/bf16/r4096c4096"};
  }
  return {};
}

Work work(const RowsProblem&) { return Work::elements; }

void shape(RowsProblem& p, ShapeKeys& keys) {
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  if (p.op == RowsOp::rms_norm) keys.optional_real("eps", p.epsilon, RowsProblem{}.epsilon);
}

std::string what_is_wrong(const RowsProblem&) { return {}; }

}  // namespace moat
