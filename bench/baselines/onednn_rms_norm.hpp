// SPDX-License-Identifier: Apache-2.0
// RMSNorm over rows by oneDNN.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <string>

#include "problems/problem.hpp"

namespace moat::onednn {

// From 3.9 on oneDNN has it, with fast code for some types. Else it has layer normalisation only,
// and its reductions of squares are reference code. So one layer normalisation tells mean and
// variance of each row, whose mean square is variance + mean², and a second one scales the row with
// a given mean of 0 and that as its variance: exactly RMSNorm.
// Both run over a few rows at a time, which stay in the cache between them.
// Throws dnnl::error if the library has no implementation.
std::function<void(const Problem&)> prepare_rms_norm(const dnnl::engine& engine,
                                                     const RowsProblem& p, int threads);

// Names of the implementations; empty if there is none.
std::string rms_norm_kernel(const dnnl::engine& engine, const RowsProblem& p);

}  // namespace moat::onednn
