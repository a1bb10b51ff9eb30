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

// The efficiencies of our kernels per problem and device in the columns of the P3 analysis library:
// problem, application, platform, fom (share of the ceiling; 0 if there is no verified result).
std::string report_csv(const std::vector<NamedRecord>& records);

// Pennycook's performance portability: harmonic mean of the efficiencies, 0 if one is 0.
double performance_portability(const std::vector<double>& efficiencies);

}  // namespace moat
