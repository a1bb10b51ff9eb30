// SPDX-License-Identifier: Apache-2.0
// The report as one HTML file.
#pragma once

#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// A page that needs no other file. Where no script runs it shows the summary alone. Text of `data`
// cannot end the element it stands in.
std::string report_page(const Json& data);

// Whether this build has the chart library.
bool has_charts();

}  // namespace moat
