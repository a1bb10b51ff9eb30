// A comparison as a person, a document or a CI service reads it.
#pragma once

#include <cstdint>
#include <string>

#include "bench/compare/across.hpp"
#include "bench/compare/comparison.hpp"

namespace moat {

enum class CompareFormat : std::uint8_t { table, markdown, json, junit, github };

// "2 slower, 1 faster, 13 same", zeros left out.
std::string verdict_counts(const Comparison& comparison);

// One row per case, and what the verdicts rest on. `gate` says whether the threshold is one:
// junit then fails and github annotates what fails it. In junit a case without a verdict is
// skipped.
std::string format_comparison(const Comparison& comparison, CompareFormat format, bool gate,
                              bool color);

// Speed relative to the baseline device: means per kernel, then the problems. table, markdown,
// json.
std::string format_across(const Across& across, CompareFormat format, bool color);

}  // namespace moat
