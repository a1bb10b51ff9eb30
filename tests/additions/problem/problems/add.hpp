// SPDX-License-Identifier: Apache-2.0
// The sum of two matrices: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// z = x + y, all of them dense rows × cols matrices of `dtype`.
struct AddProblem {
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  const void* x = nullptr;
  const void* y = nullptr;
  void* z = nullptr;
};

inline double flops(const AddProblem& p) { return 1.0 * p.rows * p.cols; }

// Calls f(operand, its pointer) for x, y and z.
template <Is<AddProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const Operand x{.name = "x", .type = p.dtype, .rows = p.rows, .cols = p.cols};
  Operand y = x;
  y.name = "y";
  Operand z = x;
  z.name = "z";
  z.role = Role::output;
  f(x, p.x);
  f(y, p.y);
  f(z, p.z);
}

// Described for the harness as problem.hpp tells.
std::vector<AddProblem> kernels_of(Type<AddProblem>);
Description describe(const AddProblem& p);
Work work(const AddProblem& p);
void shape(AddProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const AddProblem& p);

}  // namespace moat
