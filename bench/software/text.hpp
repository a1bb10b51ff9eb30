// SPDX-License-Identifier: Apache-2.0
// What `moat software` prints.
#pragma once

#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"
#include "bench/software/pairings.hpp"

namespace moat {

// A document of compare_ways: a table for each pairing, and where measurement and prediction part.
std::string comparison_text(const Json& document, bool color);

// Results of judge_claims.
std::string claims_text(const Json& results);

// These pairings and why ways are missing in this build, and the chains of ways of one's own.
std::string pairings_text(const std::vector<Pairing>& chosen);

}  // namespace moat
