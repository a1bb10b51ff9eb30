// SPDX-License-Identifier: Apache-2.0
// How well `moat port scan` foresaw what a port changed.
#pragma once

#include <string>

#include "bench/migration/diff/tree_diff.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// Holds a prediction (the JSON of `moat port scan`) against a diff with DiffOptions::keep_lines,
// by lines of the base files that have a counterpart; README.md has the definitions. Throws
// std::invalid_argument if the prediction is malformed, or is for other models or another tree.
Json score_json(const Json& scan, const TreeDiff& diff);

std::string score_text(const Json& score);

}  // namespace moat
