// SPDX-License-Identifier: Apache-2.0
// Measures ways to a result in the same rounds, and what this device's own ceilings predict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"
#include "bench/run/run.hpp"
#include "bench/software/pairings.hpp"

namespace moat {

struct ComparisonOptions {
  std::vector<Pairing> pairings;
  std::vector<std::string> backends;  // empty: all
  std::vector<std::string> devices;   // "cpu:0"; empty: all of the backends
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all cores that the process may use
  std::optional<double> budget_seconds;
  std::optional<int> samples;
  bool progress = false;  // also where standard error is no terminal
};

// A document of schema moat-software:
//   devices[]   with the ceilings that were measured
//   pairings[]  name, says, device; ways[]: status, seconds, steps, FLOPs, bytes; comparisons[]: of
//               each way with the plain one, and of each two neighbours, the ratio of times as
//               measured and as predicted, that of bytes, and the first ÷ the others: where
//               measured_over_predicted, or, if memory binds both ways, measured_over_bytes is not
//               1, they part
//   crossings[]  from which length on a way pays (crossing.hpp)
// A value that is not known is null, with its reason beside it. Throws UsageError before anything
// is measured.
Json compare_ways(const ComparisonOptions& options, const RunWorld& world);

// The exit code that a document stands for.
int exit_code_of(const Json& document);

}  // namespace moat
