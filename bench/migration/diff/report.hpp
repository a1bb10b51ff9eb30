// SPDX-License-Identifier: Apache-2.0
// The result of a diff as text, JSON and CSV.
#pragma once

#include <string>

#include "bench/migration/diff/tree_diff.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// bench/migration/README.md describes the members.
Json diff_json(const TreeDiff& diff);

// Numbers with their denominators, classes, the matching and warnings. At most `files` rows of
// the matching, the most changed first; all if 0.
std::string diff_text(const TreeDiff& diff, std::size_t files);

// One row per file.
std::string diff_csv(const TreeDiff& diff);

// The changed lines: file, number, side, class, text. Needs DiffOptions::keep_lines.
std::string diff_lines_text(const TreeDiff& diff);

// The counts without their files, as in diff_json: shares, classes.
Json shares_json(const TreeDiff& diff);
Json counts_json(const DiffCounts& counts);
Json classes_json(const DiffCounts& counts);

// Numerator, denominator and value, null if the denominator is 0.
Json share_json(const Share& share);

// "12.3 %", "n/a" if the denominator is 0.
std::string percent(const Share& share);

// Valid UTF-8: bytes that are none become U+FFFD, so that any file can be quoted in JSON.
std::string to_utf8(std::string_view bytes);

}  // namespace moat
