// SPDX-License-Identifier: Apache-2.0
// What a product of matrices must be, for every kernel that is one.
#pragma once

#include <memory>
#include <optional>

#include "bench/verify/expected.hpp"

namespace moat {

// Products of codes that instructions add up with so many bits behind the point
// (problems/reference/code_sums.hpp).
struct CodeSums {
  ScaledGemmProblem codes;  // on the host
  int bits;
};

// A and B on the host as a GEMM, in the result's type or, decoded, in f32.
struct Product {
  GemmProblem operands;
  DType result;              // type of C
  DType multiplied;          // in which matrix instructions may take subnormal factors for 0
  double operand_error = 0;  // of each product of two elements, relative to it, before the sum
  Problem problem;           // what is solved
  std::optional<CodeSums> sums{};  // empty: in f32
};

// Sums in any order, with every element compared or a sample and the invariants (verify.hpp). Reads
// the operands now and not later.
std::unique_ptr<Verifier::Expected> expect_product(const Product& product, Data data,
                                                   const VerifyOptions& options);

}  // namespace moat
