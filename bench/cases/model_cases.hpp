// SPDX-License-Identifier: Apache-2.0
// Cases of one layer of a transformer model and of its output head.
#pragma once

#include <optional>
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

// What a step of the model does, in all layers and around them.
struct ModelOperation {
  std::string what;  // "qkv projection"
  // What is measured for it; none: no kernel computes it, or it is not measured, and `why` tells.
  std::optional<Problem> problem{};
  double count = 0;        // in a step; 0: of the suite only, beside what the step does
  bool in_layers = false;  // and not around them
  double flops = 0;        // of one
  double bytes = 0;        // that one moves, each operand once
  std::string why{};
};

// Whether the use's tokens decode or are a prompt, each of its cases is among those of model_cases.
// Operations of one case stand apart, and those of one kind are in the order of the layers. What
// the shape lacks a kernel for is there without a problem, and goes to `left_out`. Throws CaseError
// for a shape that no case can have.
std::vector<ModelOperation> model_operations(const ModelShape& shape, const ModelUse& use,
                                             std::vector<std::string>& left_out);

// Bytes of the weights of a product with `out` columns of results and `in` of what it reads, with
// their scales; in bf16 where the format cannot have the shape.
double weight_bytes(WeightFormat format, int out, int in);

// Projections, attention, feed-forward layers, experts and norms for all tokens, the output head,
// softmax and sampling where they decode; each case once. What the shape lacks a kernel for goes to
// `left_out`. Throws CaseError for a shape that no case can have.
std::vector<Problem> model_cases(const ModelShape& shape, const ModelUse& use,
                                 std::vector<std::string>& left_out);

}  // namespace moat
