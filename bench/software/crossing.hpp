// SPDX-License-Identifier: Apache-2.0
// From which length on an optimised way pays.
#pragma once

#include "bench/record/strict_json.hpp"

namespace moat {

// Of the pairings of a document that have a length, for each series on each device: between which
// two lengths the second way begins to take less time than the first, and does for all longer
// ones. An object has series, device, plain, way, and twice `above`, the longest length of those
// before, and `up_to`, the shortest of those after: `measured`, and `predicted` by the floors,
// there with `length` in between, where they meet if they rise evenly. What is null lies beyond the
// lengths that were measured; without two lengths of ratios there is a reason instead of both.
Json crossings(const Json& pairings);

}  // namespace moat
