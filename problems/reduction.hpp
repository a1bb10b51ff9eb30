// SPDX-License-Identifier: Apache-2.0
// The reduction problem: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

enum class ReductionOp : std::uint8_t { sum, max, argmax };

// x holds n ≥ 1 elements of `dtype`. The result is a float (sum, max) or a std::int64_t (argmax:
// the first position of the maximum). max and argmax pass over NaN; of infinities a sum may be NaN.
struct ReductionProblem {
  ReductionOp op = ReductionOp::sum;
  DType dtype = DType::f32;
  std::int64_t n = 1;
  const void* x = nullptr;
  void* result = nullptr;
};

// One addition or comparison per element.
inline double flops(const ReductionProblem& p) { return static_cast<double>(p.n); }

// Calls f(operand, its pointer) for x and the result.
template <Is<ReductionProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .cols = p.n}, p.x);
  f(Operand{.name = "result", .role = Role::output, .positions = p.op == ReductionOp::argmax},
    p.result);
}

// Described for the harness as problem.hpp tells.
std::vector<ReductionProblem> kernels_of(Type<ReductionProblem>);
Description describe(const ReductionProblem& p);
Work work(const ReductionProblem& p);
void shape(ReductionProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const ReductionProblem& p);

}  // namespace moat
