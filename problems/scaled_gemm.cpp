// SPDX-License-Identifier: Apache-2.0
#include "problems/scaled_gemm.hpp"

namespace moat {

std::vector<ScaledGemmProblem> kernels_of(Type<ScaledGemmProblem>) { return {ScaledGemmProblem{}}; }

Description describe(const ScaledGemmProblem&) {
  return {.kernel = "scaledgemm",
          .text = "C = A·Bᵀ in 8-bit floats, scales per 1 × 128 of A and 128 × 128 of B",
          .example = "scaledgemm/bf16xe4m3/m4096n2112k7168",
          .types = kHalves,
          .codes = kScaledCodes};
}

Work work(const ScaledGemmProblem& p) { return p.m > 1 ? Work::products : Work::vectors; }

void shape(ScaledGemmProblem& p, ShapeKeys& keys) {
  keys.code(p.code);
  keys.dimension("m", p.m);
  keys.dimension("n", p.n);
  keys.dimension("k", p.k);
  keys.flag("ue8m0", p.ue8m0);
}

std::string what_is_wrong(const ScaledGemmProblem& p) { return wrong_scaled_code(p.code); }

}  // namespace moat
