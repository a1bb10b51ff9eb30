// SPDX-License-Identifier: Apache-2.0
// What a report shows, computed from records.
#pragma once

#include <string>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// Everything on the page, as the page's script reads it (page/page.js). `baseline` is what
// compare_across takes. Throws UsageError for a baseline that names no device.
Json report_data(const std::vector<NamedRecord>& records, const std::string& baseline);

// The newest results of each problem and device in the columns of the P3 analysis library (P3HPC):
// problem; application (moat, or the library that ran beside it); platform; date; fom, the median
// seconds, lower is better, empty without a verified result; "arch eff", the share of the ceiling
// in [0, 1], 0 without a verified result, empty where it is not known which ceiling binds;
// divergence, of our ports' code. A platform is a device under one set of conditions, which its
// name tells (compare/platforms.hpp).
std::string report_csv(const std::vector<NamedRecord>& records);

// Pennycook's performance portability: harmonic mean of the efficiencies, 0 if one is 0.
double performance_portability(const std::vector<double>& efficiencies);

}  // namespace moat
