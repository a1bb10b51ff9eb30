// SPDX-License-Identifier: Apache-2.0
// What the tests of libraries of GPUs share, which run on stand-ins in host memory.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/baselines/baselines.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"
#include "tests/bench/baselines/standin.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

// A call on random operands, in the bound's terms.
inline Check solve_once(Device& device, Baseline& baseline, const Problem& problem) {
  const Inputs inputs(problem, 7);
  const Verifier verifier(inputs);
  Operands operands(device, inputs);
  return verify(device, operands, 0, inputs, verifier, baseline.prepare(problem),
                Summation::any_order);
}

// Both orders of B, one row, odd extents, and rows that are apart.
inline std::vector<GemmProblem> products() {
  std::vector<GemmProblem> all;
  for (const DType t : {DType::f32, DType::f16, DType::bf16}) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      for (const auto& [m, n, k] : {std::array{1, 1, 1}, {1, 64, 33}, {37, 1, 19}, {35, 51, 67}}) {
        const int width = order == Order::transposed ? k : n;
        all.push_back({.dtype = t, .m = m, .n = n, .k = k, .order_b = order});
        all.push_back({.dtype = t,
                       .m = m,
                       .n = n,
                       .k = k,
                       .order_b = order,
                       .lda = k + 3,
                       .ldb = width + 5,
                       .ldc = n + 7});
      }
    }
  }
  return all;
}

// Solves each of them, and verifies it as a run does.
inline void expect_right(Device& device, Baseline& b) {
  for (const GemmProblem& p : products()) {
    ASSERT_FALSE(b.unsupported(p)) << *b.unsupported(p);
    const Check check = solve_once(device, b, p);
    EXPECT_TRUE(check.passed) << name_of(p.dtype) << ' ' << p.m << ' ' << p.n << ' ' << p.k
                              << (p.order_b == Order::transposed ? " bt " : " ") << p.lda << ": "
                              << check.message;
  }
}

// What f throws.
inline std::string message(const auto& f) {
  try {
    f();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "nothing thrown";
}

}  // namespace moat
