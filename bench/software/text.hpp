// SPDX-License-Identifier: Apache-2.0
// What `moat software` prints.
#pragma once

#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// A document of compare_ways: a table for each pairing, and where measurement and prediction part.
std::string comparison_text(const Json& document, bool color);

// Results of judge_claims.
std::string claims_text(const Json& results);

// The pairings of this build and why ways are missing.
std::string pairings_text();

}  // namespace moat
