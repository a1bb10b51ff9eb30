// SPDX-License-Identifier: Apache-2.0
#include "problems/quantise.hpp"

namespace moat {

std::vector<QuantiseProblem> kernels_of(Type<QuantiseProblem>) { return {QuantiseProblem{}}; }

Description describe(const QuantiseProblem&) {
  return {.kernel = "quantise",
          .text = "8-bit floats and their scales, per 1 × 128 or 128 × 128 (perblock)",
          .example = "quantise/bf16xe4m3/r4096c7168",
          .codes = kScaledCodes};
}

Work work(const QuantiseProblem&) { return Work::elements; }

void shape(QuantiseProblem& p, ShapeKeys& keys) {
  keys.code(p.code);
  keys.dimension("r", p.rows);
  keys.dimension("c", p.cols);
  keys.flag("ue8m0", p.ue8m0);
  keys.flag("perblock", p.per_block);
}

std::string what_is_wrong(const QuantiseProblem& p) { return wrong_scaled_code(p.code); }

}  // namespace moat
