// SPDX-License-Identifier: Apache-2.0
// Attention as an unfused chain of oneDNN primitives.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <string>

#include "problems/problem.hpp"

namespace moat::onednn {

// Primitives of S = scale · Q·Kᵀ + mask and P = softmax(S), both in f32, P rounded to the problem's
// type, and O = P·V.
// They solve `heads` key heads of one batch at once, for one query head of each group; the queries
// of a single token share a key head as the rows of one matrix.
struct AttentionChain {
  dnnl::matmul::primitive_desc scores;
  dnnl::primitive_desc softmax;
  dnnl::reorder::primitive_desc narrow;  // empty for f32
  dnnl::matmul::primitive_desc values;
  int heads = 1;
  int rows = 1;     // queries of a matrix
  int members = 1;  // query heads of a group that are solved one after the other
  bool masked = false;

  // Names of the implementations, in the chain's order.
  std::string kernel() const;
};

// Descriptors are empty, or dnnl::error is thrown, where the library lacks a part.
AttentionChain attention_chain(const dnnl::engine& engine, const AttentionProblem& p, int threads);

// Solves problems of the shape of `p`.
std::function<void(const Problem&)> prepare_attention(const dnnl::engine& engine,
                                                      const AttentionProblem& p, int threads);

}  // namespace moat::onednn
