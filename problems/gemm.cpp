// SPDX-License-Identifier: Apache-2.0
#include "problems/gemm.hpp"

#include <fmt/format.h>

namespace moat {

std::vector<GemmProblem> kernels_of(Type<GemmProblem>) { return {GemmProblem{}}; }

Description describe(const GemmProblem&) {
  return {.kernel = "gemm",
          .text = "C = A·B, f32 accumulation, B as stored or transposed",
          .example = "gemm/bf16/m4096n4096k4096"};
}

Work work(const GemmProblem& p) { return p.m == 1 || p.n == 1 ? Work::vectors : Work::products; }

void shape(GemmProblem& p, ShapeKeys& keys) {
  keys.other_type(p.dtype_b);
  keys.dimension("m", p.m);
  keys.dimension("n", p.n);
  keys.dimension("k", p.k);
  bool transposed = p.order_b == Order::transposed;
  keys.flag("bt", transposed);
  p.order_b = transposed ? Order::transposed : Order::row_major;
  keys.optional_dimension("lda", p.lda);
  keys.optional_dimension("ldb", p.ldb);
  keys.optional_dimension("ldc", p.ldc);
  keys.optional_type("c", p.dtype_c);
}

std::string what_is_wrong(const GemmProblem& p) {
  const auto narrow = [](std::string_view key, std::int64_t ld, int columns) {
    return ld == 0 || ld >= columns
               ? std::string()
               : fmt::format("{}={} is less than the {} columns of that matrix", key, ld, columns);
  };
  std::string wrong = narrow("lda", p.lda, p.k);
  if (wrong.empty()) wrong = narrow("ldb", p.ldb, p.order_b == Order::transposed ? p.k : p.n);
  if (wrong.empty()) wrong = narrow("ldc", p.ldc, p.n);
  if (wrong.empty() && p.dtype_c == p.dtype) {
    wrong = fmt::format("C of '{0}' is written without 'c{0}'", name_of(p.dtype));
  }
  return wrong;
}

}  // namespace moat
