// SPDX-License-Identifier: Apache-2.0
// Shares of ceilings in records of older programs.
#pragma once

#include "bench/record/record.hpp"

namespace moat {

// Older programs took memory to bind where a type had no compute ceiling, and arithmetic where
// memory had none: such shares are computed again from the record's own ceilings, and become null
// with a reason where it is not known what binds (roofline() in measure/ceilings.hpp).
void recompute_shares(Record& record);

}  // namespace moat
