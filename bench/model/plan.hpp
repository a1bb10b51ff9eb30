// SPDX-License-Identifier: Apache-2.0
// The steps of a model: which operations they have, how often, and what memory they need.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/cases/model_cases.hpp"
#include "bench/cases/model_shape.hpp"
#include "bench/record/record.hpp"

namespace moat {

struct ModelQuery {
  std::string model;   // a suite of a model, the id of a built-in configuration, or a config.json
  int batch = 1;       // sequences that decode together
  int context = 4096;  // keys that each of them meets
  int prefill = 512;   // tokens of a prompt; 0: no such step
  int tp = 1;          // devices that share the model
  std::optional<WeightFormat> weights{};  // none: what the configuration says
};

struct ModelStep {
  std::string name;  // decode or prefill
  int tokens = 0;    // of all sequences
  int keys = 0;      // that a token meets at most
  std::vector<ModelOperation> operations{};
};

struct ModelPlan {
  ModelQuery query;
  std::string source{};  // of the configuration
  ModelShape shape{};
  std::vector<ModelStep> steps{};
  std::vector<ModelMemoryRecord> memory{};  // of one device
  std::vector<std::string> left_out{};
};

// Throws CaseError, which names the field, for a configuration that does not tell how many layers
// of which kind there are, and as shape_of and model_operations do.
ModelPlan plan_model(const ModelQuery& query);

// The problems of all steps, each once.
std::vector<Problem> problems_of(const ModelPlan& plan);

}  // namespace moat
