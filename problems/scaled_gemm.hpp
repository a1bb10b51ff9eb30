// SPDX-License-Identifier: Apache-2.0
// GEMM of 8-bit floats with a scale for each block: what is computed, its operands and its work.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Numbers of a row that share a scale of A, and rows and columns that share one of B.
inline constexpr int kPerScale = 128;

// What operands are stored in.
inline constexpr std::array kScaledCodes{Code::e4m3, Code::e4m3fnuz};

// C = A·Bᵀ as DeepSeek-V3 computes it (DeepSeek-AI, 2024, section 3.3; github.com/deepseek-ai/
// DeepGEMM): A is m × k with a scale in f32 for each 128 numbers of a row, B n × k with one for
// each 128 × 128 (those at the edges are smaller), both dense 8-bit floats of `code`; C is m × n,
// dense, of `dtype`. Each block of 128 steps of k adds scale of A · scale of B · its product of
// codes, in f32. Codes are exact in bf16 and f16, in which an implementation may multiply them.
struct ScaledGemmProblem {
  DType dtype = DType::bf16;
  Code code = Code::e4m3;
  int m = 1;
  int n = 1;
  int k = 1;
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
  const std::int64_t blocks = ceil_div(p.k, kPerScale);
  f(Operand{.name = "A", .rows = p.m, .cols = p.k, .code = p.code}, p.a);
  f(Operand{.name = "scales of A", .rows = p.m, .cols = blocks}, p.a_scales);
  f(Operand{.name = "B", .rows = p.n, .cols = p.k, .code = p.code}, p.b);
  f(Operand{.name = "scales of B", .rows = ceil_div(p.n, kPerScale), .cols = blocks},
    p.b_scales);
  f(Operand{.name = "C", .role = Role::output, .type = p.dtype, .rows = p.m, .cols = p.n}, p.c);
}

// Described for the harness as problem.hpp tells.
std::vector<ScaledGemmProblem> kernels_of(Type<ScaledGemmProblem>);
Description describe(const ScaledGemmProblem& p);
Work work(const ScaledGemmProblem& p);
void shape(ScaledGemmProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const ScaledGemmProblem& p);

}  // namespace moat
