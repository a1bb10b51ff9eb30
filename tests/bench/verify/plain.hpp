// SPDX-License-Identifier: Apache-2.0
// Straightforward f32 implementations of every kernel on the host, in several orders of summation
// and with faults on request: what the verifier must accept and reject.
#pragma once

#include "problems/problem.hpp"

namespace moat::testing {

// `folded` adds as kernels/monoids.hpp promises, the others in plain f32.
enum class SumOrder : std::uint8_t { forward, backward, lanes, pairwise, fused, folded };
inline constexpr SumOrder kSumOrders[] = {SumOrder::forward, SumOrder::backward, SumOrder::lanes,
                                          SumOrder::pairwise, SumOrder::fused};

struct Plain {
  SumOrder order = SumOrder::forward;
  // Attention: whether weights are rounded to the dtype, before or after they are normalised.
  enum class Weights : std::uint8_t {
    f32,
    rounded,
    normalised_then_rounded
  } weights = Weights::rounded;

  // Faults.
  DType accumulate = DType::f32;  // type to which every partial sum is rounded
  bool tf32 = false;              // GEMM: operands rounded to 11 bits
  bool ignore_order_b = false;    // GEMM: reads B as if stored the other way (m = n = k)
  int mask_shift = 0;             // attention: keys that a query sees beyond those it may
  bool forget_scale = false;      // attention
  std::int64_t ignored = 0;       // reductions: elements left out at the end
  bool last_of_equals = false;    // argmax
  bool forget_maximum = false;    // softmax, attention: exponentials of the logits themselves
  bool forget_epsilon = false;    // RMSNorm
  bool forget_root = false;       // RMSNorm
};

// Solves a problem whose pointers are the host's.
void solve(const Problem& problem, const Plain& how);

}  // namespace moat::testing
