// SPDX-License-Identifier: Apache-2.0
// Grouped GEMM, a product for each expert of a mixture: what is computed, its operands and its
// work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// Of `tokens` tokens each goes to `top` of `experts` experts: tokens · top rows in all, shared out
// as expert_rows says. B is [experts][n][k], and the rows of expert e are multiplied with its
// matrix, C = A·Bₑᵀ; all dense and of `dtype`. Contiguous (masked = 0): A is (tokens · top) × k and
// C as many rows × n, sorted by expert; `rows` are experts + 1 64-bit bounds, of which expert e's
// rows lie between e and e + 1. Masked: A is [experts][masked][k] and C [experts][masked][n], and
// `rows` are 64-bit counts: of each matrix the first so many rows are used, and the others are
// neither read nor written. Both layouts are those of DeepGEMM (github.com/deepseek-ai/DeepGEMM,
// m_grouped_gemm_…_contiguous and _masked), here without rows that fill up a tile.
struct GroupedGemmProblem {
  DType dtype = DType::f32;
  int tokens = 1;
  int experts = 1;
  int top = 1;
  int n = 1;
  int k = 1;
  std::int64_t masked = 0;
  const void* a = nullptr;
  const void* rows = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
};

// Rows of all experts together, and the most that one may have.
inline int total_rows(const GroupedGemmProblem& p) { return p.tokens * p.top; }
inline std::int64_t most_rows(const GroupedGemmProblem& p) {
  const std::int64_t tokens = p.tokens;
  return p.masked > 0 ? std::min(tokens, p.masked) : tokens;
}

// Rows of each expert, which follow from the shape: an eighth of the experts has none, the last one
// a single row, the one in the middle up to a third of all, and the others up to three times as
// many as another. Of few experts or tokens, what the sum and the most leave of that.
std::vector<std::int64_t> expert_rows(const GroupedGemmProblem& p);

// One multiplication and one addition per product.
inline double flops(const GroupedGemmProblem& p) { return 2.0 * p.tokens * p.top * p.n * p.k; }

// Calls f(operand, its pointer) for A, the bounds or counts, B and C.
template <Is<GroupedGemmProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const bool masked = p.masked > 0;
  const std::int64_t total = std::int64_t{p.tokens} * p.top;
  const auto shared_out = expert_rows(p);
  const std::int64_t busy = std::ranges::count_if(shared_out, [](auto rows) { return rows > 0; });
  Operand a{.name = "A",
            .type = p.dtype,
            .rows = masked ? p.masked : total,
            .cols = p.k,
            .groups = masked ? p.experts : 1,
            .used = masked ? total : 0};
  Operand c = a;
  c.name = "C";
  c.role = Role::output;
  c.cols = p.n;
  f(a, p.a);
  f(Operand{.name = masked ? "counts" : "bounds",
            .cols = p.experts + (masked ? 0 : 1),
            .positions = true},
    p.rows);
  f(Operand{.name = "B",
            .type = p.dtype,
            .rows = p.n,
            .cols = p.k,
            .groups = p.experts,
            .used = busy * p.n},
    p.b);
  f(c, p.c);
}

// Described for the harness as problem.hpp tells.
std::vector<GroupedGemmProblem> kernels_of(Type<GroupedGemmProblem>);
Description describe(const GroupedGemmProblem& p);
Work work(const GroupedGemmProblem& p);
void shape(GroupedGemmProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const GroupedGemmProblem& p);

}  // namespace moat
