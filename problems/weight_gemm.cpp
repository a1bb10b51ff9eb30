// SPDX-License-Identifier: Apache-2.0
#include "problems/weight_gemm.hpp"

#include <fmt/format.h>

namespace moat {

std::vector<WeightGemmProblem> kernels_of(Type<WeightGemmProblem>) { return {WeightGemmProblem{}}; }

Description describe(const WeightGemmProblem&) {
  return {.kernel = "weightonly",
          .text = "C = A·Wᵀ with weights in int8, int4 or mxfp4, decoded on their way",
          .example = "weightonly/bf16xint4/m1n4096k4096",
          .types = kHalves,
          .codes = kWeightCodes};
}

Work work(const WeightGemmProblem& p) { return p.m > 1 ? Work::products : Work::vectors; }

void shape(WeightGemmProblem& p, ShapeKeys& keys) {
  keys.code(p.code);
  keys.dimension("m", p.m);
  keys.dimension("n", p.n);
  keys.dimension("k", p.k);
}

std::string what_is_wrong(const WeightGemmProblem& p) {
  const int shared = group(p);
  if (shared == 0) {
    return fmt::format("weights are in int8, int4 or mxfp4, not in {}", name_of(p.code));
  }
  if (p.k % shared != 0) {
    return fmt::format("{} has a scale for each {} numbers of a row, and k={} is no multiple of it",
                       name_of(p.code), shared, p.k);
  }
  return {};
}

}  // namespace moat
