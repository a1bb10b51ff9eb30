// SPDX-License-Identifier: Apache-2.0
// Cases of transformer models, derived from their public configurations.
#pragma once

#include <vector>

#include "bench/cases/suites.hpp"

namespace moat {

// A suite for each model: its layers for 1 and 16 tokens (decode) and 512 and 4096 (prefill):
// projections, attention, feed-forward layers, normalisation; the output head and the softmax over
// the vocabulary when decoding. What no kernel computes yet is named in the description.
std::vector<Suite> model_suites();

}  // namespace moat
