// SPDX-License-Identifier: Apache-2.0
// GEMM of 8-bit floats with a scale for each block: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"
#include "problems/scales.hpp"

namespace moat {

// C = A·Bᵀ as DeepSeek-V3 computes it (DeepSeek-AI, 2024, section 3.3; github.com/deepseek-ai/
// DeepGEMM): A is m × k with a scale for each 128 numbers of a row, B n × k with one for each
// 128 × 128 (those at the edges are smaller), both dense 8-bit floats of `code`; C is m × n, dense,
// of `dtype`. Scales are in f32 or powers of two, `ue8m0` (problems/scales.hpp). Each block of 128
// steps of k adds scale of A · scale of B · its product of codes, in f32. Codes are exact in bf16
// and f16, in which an implementation may multiply them.
struct ScaledGemmProblem {
  DType dtype = DType::bf16;
  Code code = Code::e4m3;
  int m = 1;
  int n = 1;
  int k = 1;
  bool ue8m0 = false;
  const void* a = nullptr;
  const void* a_scales = nullptr;
  const void* b = nullptr;
  const void* b_scales = nullptr;
  void* c = nullptr;
};

// One multiplication and one addition per product; scaling is not counted.
inline double flops(const ScaledGemmProblem& p) { return 2.0 * p.m * p.n * p.k; }

// Calls f(operand, its pointer) for A and its scales, B and its scales, and C.
template <Is<ScaledGemmProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "A", .rows = p.m, .cols = p.k, .code = p.code}, p.a);
  f(scale_operand("scales of A", Role::input, p.m, p.k, p.ue8m0), p.a_scales);
  f(Operand{.name = "B", .rows = p.n, .cols = p.k, .code = p.code}, p.b);
  f(scale_operand("scales of B", Role::input, ceil_div(p.n, kPerScale), p.k, p.ue8m0), p.b_scales);
  f(Operand{.name = "C", .role = Role::output, .type = p.dtype, .rows = p.m, .cols = p.n}, p.c);
}

// Described for the harness as problem.hpp tells.
std::vector<ScaledGemmProblem> kernels_of(Type<ScaledGemmProblem>);
Description describe(const ScaledGemmProblem& p);
Work work(const ScaledGemmProblem& p);
void shape(ScaledGemmProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const ScaledGemmProblem& p);

}  // namespace moat
