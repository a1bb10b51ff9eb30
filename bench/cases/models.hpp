// SPDX-License-Identifier: Apache-2.0
// Cases of transformer models, derived from their public configurations.
#pragma once

#include <string_view>
#include <vector>

#include "bench/cases/configurations.hpp"
#include "bench/cases/suites.hpp"

namespace moat {

// A suite for each model: its layers for 1 and 16 tokens (decode) and 512 and 4096 (prefill):
// projections, attention, feed-forward layers, normalisation; the output head and the softmax over
// the vocabulary when decoding. What no kernel computes yet is named in the description.
std::vector<Suite> model_suites();

// The model that the suite of this name is of, the larger one of llama-4's two; null if none is.
const Configuration* find_model(std::string_view suite);

}  // namespace moat
