// SPDX-License-Identifier: Apache-2.0
// One picture of one record.
#pragma once

#include <string>

#include "bench/record/record.hpp"

namespace moat {

// An SVG: of each problem, how fast our kernel is beside the fastest library that the table names,
// with the 95 % interval of the ratio, on a logarithmic axis. Same record, same bytes. It needs no
// other file, runs nothing, and brings its own background for light and dark pages.
std::string speed_figure(const Record& record);

}  // namespace moat
