// SPDX-License-Identifier: Apache-2.0
// The porting section of a record, beyond what its schema can say.
#pragma once

#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// Versions of the porting document (bench/port) and of the sums of it that a record holds.
inline constexpr int kPortingVersion = 5;
inline constexpr int kPortingSumsVersion = 2;

// Throws JsonError below `at` where a section that fits the schema is of a kind or version that
// this program does not read, or has a null whose JSON pointer is not in its null_reasons.
void check_porting(const Json& section, const std::string& at);

}  // namespace moat
