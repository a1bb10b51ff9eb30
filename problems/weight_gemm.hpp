// SPDX-License-Identifier: Apache-2.0
// GEMM with weights in codes: what is computed, its operands and its work.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"
#include "problems/tensor.hpp"

namespace moat {

// What weights are stored in.
inline constexpr std::array kWeightCodes{Code::int8, Code::int4, Code::mxfp4};

// C = A·Wᵀ: A is m × k and C m × n, dense, of `dtype`, of 16 bits; W is n × k, dense, in codes.
// Element (j, s) of W is code(j, s) · scale(j, s ÷ group): groups of 128 for int8 and 32 for int4,
// with a scale of `dtype` (the W8A16 and W4A16 of vLLM's compressed-tensors), of 32 for mxfp4, with
// one of e8m0 (as gpt-oss has them). k is a multiple of the group. An implementation may round
// elements of W to `dtype` before it multiplies.
struct WeightGemmProblem {
  DType dtype = DType::bf16;
  Code code = Code::int4;
  int m = 1;
  int n = 1;
  int k = 1;
  const void* a = nullptr;
  const void* w = nullptr;
  const void* scales = nullptr;
  void* c = nullptr;
};

// One multiplication and one addition per product; decoding is not counted.
inline double flops(const WeightGemmProblem& p) { return 2.0 * p.m * p.n * p.k; }

// Numbers that share a scale; 0 for codes that are no weights.
inline int group(const WeightGemmProblem& p) {
  switch (p.code) {
    case Code::int8:
      return kGroup<int8>;
    case Code::int4:
      return kGroup<int4>;
    case Code::mxfp4:
      return kGroup<mxfp4>;
    case Code::e4m3:
    case Code::e4m3fnuz:
    case Code::e5m2:
    case Code::e8m0:
      break;
  }
  return 0;
}

// Calls f(operand, its pointer) for A, W, its scales and C.
template <Is<WeightGemmProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "A", .type = p.dtype, .rows = p.m, .cols = p.k}, p.a);
  const std::int64_t units = ceil_div(p.k, traits(p.code).per_unit);
  f(Operand{.name = "W", .rows = p.n, .cols = units, .code = p.code}, p.w);
  const std::int64_t groups = ceil_div(p.k, group(p) > 0 ? group(p) : p.k);
  Operand scales{.name = "scales", .type = p.dtype, .rows = p.n, .cols = groups};
  if (p.code == Code::mxfp4) scales.code = Code::e8m0;
  f(scales, p.scales);
  f(Operand{.name = "C", .role = Role::output, .type = p.dtype, .rows = p.m, .cols = p.n}, p.c);
}

// Described for the harness as problem.hpp tells.
std::vector<WeightGemmProblem> kernels_of(Type<WeightGemmProblem>);
Description describe(const WeightGemmProblem& p);
Work work(const WeightGemmProblem& p);
void shape(WeightGemmProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const WeightGemmProblem& p);

}  // namespace moat
