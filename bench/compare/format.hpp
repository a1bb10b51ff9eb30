// SPDX-License-Identifier: Apache-2.0
// A comparison as a person, a document or a CI service reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/compare/across.hpp"
#include "bench/compare/beside.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/compare/gate.hpp"

namespace moat {

enum class CompareFormat : std::uint8_t { table, markdown, json, junit, github };

// "2 slower, 1 faster, 13 same", zeros left out.
std::string verdict_counts(const Comparison& comparison);

// One row per case, and what the verdicts rest on. With a gate, what keeps it from passing is a
// failure in junit, or an error where it could not be judged, and an error in github; reasons that
// are no case's are a test of their own there, "gate". Without, a case that has no verdict is
// skipped in junit.
std::string format_comparison(const Comparison& comparison, CompareFormat format,
                              const std::optional<Gate>& gate, bool color);

// Why a gate did not pass, a line for each reason and each case with its number: "gate 5 %:
// gemm/f32/m8n8k8/cpu/moat is slower: +50.0 % (+49.1 … +50.9 %), 1.00 ms → 1.50 ms".
std::vector<std::string> why_not_passed(const Comparison& comparison, const Gate& gate);

// Ours beside the libraries and yardsticks of each record, of which `path` names one. table,
// markdown, json.
struct RecordBeside {
  std::string path;
  std::string warning;     // of its build
  std::string unfinished;  // of its run
  std::vector<Beside> entries;
};
std::string format_beside(const std::vector<RecordBeside>& records, CompareFormat format,
                          bool color);

// Speed relative to the baseline device: means per kernel, then the problems. table, markdown,
// json.
std::string format_across(const Across& across, CompareFormat format, bool color);

}  // namespace moat
