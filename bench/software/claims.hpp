// SPDX-License-Identifier: Apache-2.0
// Statements about what software alone buys, held against configurations and measurements.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "bench/record/strict_json.hpp"

namespace moat {

// The pairings whose measurement the claims of a document ask for. Throws UsageError, which names
// `from`, where they stand, the claim and the member at fault, as judge_claims does.
std::set<std::string> pairings_of(const Json& claims, std::string_view from = "--claims");

// One result per claim, or one per device of a claim that was measured: "verdict" is "holds", "does
// not hold" or "not testable", with the reason. `measured` is a document of compare_ways, or null.
// A formula is computed from the models' configurations; a measured ratio holds if its whole 95 %
// interval fulfils the claim. The claim's other readings are judged beside it. Throws UsageError.
Json judge_claims(const Json& claims, const Json& measured, std::string_view from = "--claims");

}  // namespace moat
