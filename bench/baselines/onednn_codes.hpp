// SPDX-License-Identifier: Apache-2.0
// Products of oneDNN whose operands are codes with scales for groups.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <optional>
#include <string>

#include "problems/problem.hpp"

namespace moat::onednn {

// Why the release that this build was compiled for cannot be asked for it; empty if it can, which
// does not tell whether it has an implementation.
std::optional<std::string> no_codes(const WeightGemmProblem& p);
std::optional<std::string> no_codes(const ScaledGemmProblem& p);

// Names of the implementations; empty if there is none, or dnnl::error is thrown.
std::string coded_kernel(const dnnl::engine& engine, const WeightGemmProblem& p);
std::string coded_kernel(const dnnl::engine& engine, const ScaledGemmProblem& p);

// C = op(A)·op(W)ᵀ for problems of the shape of `p`, from operands as they are: codes are not
// rearranged. oneDNN takes the scales of weights with the columns of C as the fastest dimension, so
// that every call transposes them first.
// Throws dnnl::error if the library has no implementation.
std::function<void(const Problem&)> prepare_coded(const dnnl::engine& engine,
                                                  const WeightGemmProblem& p);
std::function<void(const Problem&)> prepare_coded(const dnnl::engine& engine,
                                                  const ScaledGemmProblem& p);

}  // namespace moat::onednn
