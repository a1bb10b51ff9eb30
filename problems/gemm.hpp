// SPDX-License-Identifier: Apache-2.0
// The GEMM problem: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// A is m × k, B is k × n (stored n × k when `order_b` is transposed), C is m × n; all of `dtype`,
// row-major with leading dimensions in elements (0: as wide as the matrix). Any m, n, k ≥ 1. B and
// C may be of types of their own, `dtype_b` and `dtype_c`, which no kernel takes.
struct GemmProblem {
  DType dtype = DType::f32;
  int m = 1;
  int n = 1;
  int k = 1;
  Order order_b = Order::row_major;
  std::int64_t lda = 0;
  std::int64_t ldb = 0;
  std::int64_t ldc = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  std::optional<DType> dtype_b{};
  std::optional<DType> dtype_c{};
};

// One multiplication and one addition per product.
inline double flops(const GemmProblem& p) { return 2.0 * p.m * p.n * p.k; }

// Whether A, B and C are of one type.
constexpr bool of_one_type(const GemmProblem& p) {
  return p.dtype_b.value_or(p.dtype) == p.dtype && p.dtype_c.value_or(p.dtype) == p.dtype;
}

// Calls f(operand, its pointer) for A, B and C.
template <Is<GemmProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const bool bt = p.order_b == Order::transposed;
  f(Operand{.name = "A", .type = p.dtype, .rows = p.m, .cols = p.k, .leading = p.lda}, p.a);
  f(Operand{.name = "B",
            .type = p.dtype_b.value_or(p.dtype),
            .rows = bt ? p.n : p.k,
            .cols = bt ? p.k : p.n,
            .leading = p.ldb},
    p.b);
  f(Operand{.name = "C",
            .role = Role::output,
            .type = p.dtype_c.value_or(p.dtype),
            .rows = p.m,
            .cols = p.n,
            .leading = p.ldc},
    p.c);
}

// Described for the harness as problem.hpp tells.
std::vector<GemmProblem> kernels_of(Type<GemmProblem>);
Description describe(const GemmProblem& p);
Work work(const GemmProblem& p);
void shape(GemmProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const GemmProblem& p);

}  // namespace moat
