// SPDX-License-Identifier: Apache-2.0
// f32 products through the C interface of BLAS, of a library that was loaded at run time.
#pragma once

#include <optional>
#include <string>

#include "bench/baselines/baselines.hpp"

namespace moat {

// cblas_sgemm for 32-bit integers, which stand for its enumerations too.
using Sgemm = void(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                   const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);

// Why it does not solve the problem; empty if it does. `library` is its name in a sentence.
std::optional<std::string> no_sgemm(const std::string& library, const Problem& problem);

// Solves one that it does.
void multiply(Sgemm* sgemm, const GemmProblem& p);

}  // namespace moat
