// SPDX-License-Identifier: Apache-2.0
// Quantisation to 8-bit floats with a scale for each block: what is computed, its operands and its
// work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"
#include "problems/scales.hpp"

namespace moat {

// x is a dense rows × cols matrix of `dtype`, of which each 128 numbers of a row, or, `per_block`,
// each 128 × 128 share a scale (those at the edges are smaller): their largest absolute value, at
// least 1e-4, ÷ the largest number of `code`, in f32 or rounded up to a power of two, `ue8m0`
// (problems/scales.hpp). Codes are those nearest to x ÷ the scale, of two the even one. As DeepGEMM
// has it (deep_gemm/utils/math.py, per_token_cast_to_fp8 and per_block_cast_to_fp8), and
// DeepSeek-V3 without the 1e-4 (inference/kernel.py).
//
// NaN does not count for a scale, as with fmaxf in vLLM (csrc/quantization/w8a8/fp8/
// per_token_group_quant.cu), and has NaN as its code. Infinity makes the scale infinite, which
// leaves 0 and, of itself, NaN; or the largest power of two, with the largest code for itself.
struct QuantiseProblem {
  DType dtype = DType::bf16;
  Code code = Code::e4m3;
  int rows = 1;
  int cols = 1;
  bool ue8m0 = false;
  bool per_block = false;
  const void* x = nullptr;
  void* codes = nullptr;
  void* scales = nullptr;
};

// An absolute value, a comparison, a product.
inline double flops(const QuantiseProblem& p) { return 3.0 * p.rows * p.cols; }

// Calls f(operand, its pointer) for x, the codes and the scales.
template <Is<QuantiseProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .rows = p.rows, .cols = p.cols}, p.x);
  f(Operand{.name = "codes", .role = Role::output, .rows = p.rows, .cols = p.cols, .code = p.code},
    p.codes);
  f(scale_operand("scales", Role::output, p.per_block ? ceil_div(p.rows, kPerScale) : p.rows,
                  p.cols, p.ue8m0),
    p.scales);
}

// Described for the harness as problem.hpp tells.
std::vector<QuantiseProblem> kernels_of(Type<QuantiseProblem>);
Description describe(const QuantiseProblem& p);
Work work(const QuantiseProblem& p);
void shape(QuantiseProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const QuantiseProblem& p);

}  // namespace moat
