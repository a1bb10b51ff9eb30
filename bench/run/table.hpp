// SPDX-License-Identifier: Apache-2.0
// A record as a person reads it.
#pragma once

#include <cstdint>
#include <string>

#include "bench/record/record.hpp"

namespace moat {

enum class TableFormat : std::uint8_t { table, markdown, csv };

// Devices with their ceilings, then one line per case: median, spread (interquartile range ÷
// median), rate, share of the ceiling that binds, ratio to the fastest baseline (above 1: ours is
// faster), error ÷ bound. What failed shows its message and no rate. Then what was left out, and
// why. csv has the numbers in SI units and nothing but cases.
std::string format_record(const Record& record, TableFormat format, bool color);

}  // namespace moat
