// SPDX-License-Identifier: Apache-2.0
// The largest elements of rows: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x is a dense matrix of rows × cols elements of `dtype`; values, rows × k elements of it, are the
// k largest of each row in falling order, and positions, as many 64-bit integers, their columns.
// Ordered as torch.topk does (docs.pytorch.org/docs/stable/generated/torch.topk.html): NaN counts
// as larger than any number; of equals, which PyTorch leaves open, the lower column comes first.
struct TopkProblem {
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  int k = 1;
  const void* x = nullptr;
  void* values = nullptr;
  void* positions = nullptr;
};

// One comparison per element.
inline double flops(const TopkProblem& p) { return static_cast<double>(p.rows) * p.cols; }

// Calls f(operand, its pointer) for x, values and positions.
template <Is<TopkProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .rows = p.rows, .cols = p.cols}, p.x);
  f(Operand{.name = "values", .role = Role::output, .type = p.dtype, .rows = p.rows, .cols = p.k},
    p.values);
  f(Operand{.name = "positions",
            .role = Role::output,
            .rows = p.rows,
            .cols = p.k,
            .positions = true},
    p.positions);
}

// Described for the harness as problem.hpp tells.
std::vector<TopkProblem> kernels_of(Type<TopkProblem>);
Description describe(const TopkProblem& p);
Work work(const TopkProblem& p);
void shape(TopkProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const TopkProblem& p);

}  // namespace moat
