// SPDX-License-Identifier: Apache-2.0
// What a model's operations come to, as a person reads it.
#pragma once

#include <string>

#include "bench/record/record.hpp"

namespace moat {

// For each device of record.model: the operations of each step with their times and shares, the
// rates with what bounds them, what is not covered, memory with its arithmetic, cost and energy.
std::string model_text(const Record& record, bool color);

// 1.50 GiB, 340 MiB, 12 bytes
std::string format_bytes(double bytes);

}  // namespace moat
