// SPDX-License-Identifier: Apache-2.0
// How long the cases of `moat run --cases` take, each as often as its file says.
#pragma once

#include <string>

#include "bench/record/record.hpp"

namespace moat {

// A line for each device: the sum over cases with a weight of weight · median of our kernel, or,
// unless all of them are there and verified, why there is none. Empty if no case has a weight.
std::string weighted_sum_text(const Record& record);

}  // namespace moat
