// SPDX-License-Identifier: Apache-2.0
// Cases of one layer of a transformer model and of its output head.
#pragma once

#include <string>
#include <vector>

#include "bench/cases/model_shape.hpp"
#include "problems/problem.hpp"

namespace moat {

// How a model is used. The defaults are those of the built-in suites.
struct ModelUse {
  std::vector<int> tokens{1, 16, 512, 4096};  // of one step
  std::vector<int> decode{1, 16};             // those of them that are one of each sequence
  std::vector<int> contexts{4096};            // keys that these meet
  // Those of them that are one sequence; empty: 512, and 4096 over a cache that is no paged one.
  std::vector<int> prefill{};
};

// The most tokens of a step that `use_of` takes for one of each sequence: as many sequences decode
// together in vLLM (max_num_seqs of its scheduler's configuration).
inline constexpr int kMostDecoded = 256;

// The use with so many tokens: up to kMostDecoded decode, more are a prompt. An empty list leaves
// what is usual.
ModelUse use_of(const std::vector<int>& tokens, const std::vector<int>& contexts);

// Projections, attention, feed-forward layers, experts and norms for all tokens, the output head,
// softmax and sampling where they decode; each case once. What the shape lacks a kernel for goes to
// `left_out`. Throws CaseError for a shape that no case can have.
std::vector<Problem> model_cases(const ModelShape& shape, const ModelUse& use,
                                 std::vector<std::string>& left_out);

}  // namespace moat
