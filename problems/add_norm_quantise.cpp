// SPDX-License-Identifier: Apache-2.0
#include "problems/add_norm_quantise.hpp"

namespace moat {

std::vector<AddNormQuantiseProblem> kernels_of(Type<AddNormQuantiseProblem>) {
  return {AddNormQuantiseProblem{}};
}

Description describe(const AddNormQuantiseProblem&) {
  return {.kernel = "addrmsnormquant",
          .text = "residual addition, RMSNorm and quantisation per 1 × 128 in one pass",
          .example = "addrmsnormquant/bf16xe4m3/r4096c7168",
          .codes = kScaledCodes};
}

Work work(const AddNormQuantiseProblem&) { return Work::elements; }

void shape(AddNormQuantiseProblem& p, ShapeKeys& keys) {
  keys.code(p.code);
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.flag("ue8m0", p.ue8m0);
  keys.optional_real("eps", p.epsilon, AddNormQuantiseProblem{}.epsilon);
}

std::string what_is_wrong(const AddNormQuantiseProblem& p) { return wrong_scaled_code(p.code); }

}  // namespace moat
