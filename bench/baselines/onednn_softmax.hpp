// SPDX-License-Identifier: Apache-2.0
// Softmax over rows by oneDNN.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <string>

#include "problems/problem.hpp"

namespace moat::onednn {

// f32: one primitive. 16-bit types: softmax into f32 and a conversion, over a few rows at a time
// that stay in the cache; oneDNN 2.6 with a 16-bit result rounds each exponential to it before it
// divides by the sum, twice the error of one rounding.
// Throws dnnl::error if the library has no implementation.
std::function<void(const Problem&)> prepare_softmax(const dnnl::engine& engine,
                                                    const RowsProblem& p, int threads);

// Names of the implementations; empty if there is none.
std::string softmax_kernel(const dnnl::engine& engine, const RowsProblem& p);

}  // namespace moat::onednn
