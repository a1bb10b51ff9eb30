// SPDX-License-Identifier: Apache-2.0
// The kernels that are compiled for processors with a matrix unit, those of arm64 included, in bf16
// only: the other types are solved as everywhere, and compile as long again.
#pragma once

#include "backends/cpu/runtime.hpp"
#include "problems/problem.hpp"

namespace moat::testing {

void solve(cpu::Backend& backend, const GemmProblem& p);
void solve(cpu::Backend& backend, const GroupedGemmProblem& p);
void solve(cpu::Backend& backend, const ScaledGemmProblem& p);
void solve(cpu::Backend& backend, const WeightGemmProblem& p);
void solve(cpu::Backend& backend, const AttentionProblem& p);
void solve(cpu::Backend& backend, const PagedAttentionProblem& p);
void solve(cpu::Backend& backend, const IndexerProblem& p);

}  // namespace moat::testing
