// SPDX-License-Identifier: Apache-2.0
// Any problem that the suite knows, as one type.
#pragma once

#include <variant>

#include "problems/attention.hpp"
#include "problems/ceiling.hpp"
#include "problems/gemm.hpp"
#include "problems/reduction.hpp"
#include "problems/rows.hpp"

namespace moat {

using Problem =
    std::variant<GemmProblem, AttentionProblem, ReductionProblem, RowsProblem, CeilingProblem>;

inline double flops(const Problem& p) {
  return std::visit([](const auto& q) { return flops(q); }, p);
}

inline double bytes(const Problem& p) {
  return std::visit([](const auto& q) { return bytes(q); }, p);
}

inline DType dtype(const Problem& p) {
  return std::visit([](const auto& q) { return q.dtype; }, p);
}

}  // namespace moat
