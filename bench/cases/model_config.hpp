// SPDX-License-Identifier: Apache-2.0
// A model's own config.json, as Hugging Face has them, and the cases of its layers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/configurations.hpp"
#include "bench/cases/model_cases.hpp"
#include "bench/cases/suites.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// What `document`, which errors call `name`, says of the model's layers: fields that no shape
// depends on are passed over, and configurations of the text model within one of several modalities
// are followed. Throws CaseError, which names the field, for a value that cannot be.
Configuration configuration_of(const Json& document, const std::string& name);

// That of a config.json, or of the folder that holds it. Throws CaseError, also for a file that is
// none.
Configuration read_configuration(std::filesystem::path file);

struct ModelSuite {
  Suite suite;
  std::vector<std::string> left_out;  // what the model has and no case stands for
};

// The cases of a config.json, or of the folder that holds it. Throws CaseError for a file that is
// none, a field that is missing, and for what does not divide among `tp` devices.
ModelSuite suite_of_model(std::filesystem::path file, const ModelUse& use, int tp,
                          std::optional<WeightFormat> weights);

}  // namespace moat
