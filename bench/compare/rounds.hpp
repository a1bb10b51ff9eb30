// SPDX-License-Identifier: Apache-2.0
// Which samples of two builds that took turns belong together.
#pragma once

#include <vector>

namespace moat {

// The round of each sample of a series; empty: none was set aside, and sample i is of round i.
using Rounds = std::vector<int>;

// Leaves the samples of rounds that both series have. A round that other work disturbed for one
// build leaves with its partner, whichever of the two it slowed: what is left favours neither.
void keep_common_rounds(std::vector<double>& a, const Rounds& a_rounds, std::vector<double>& b,
                        const Rounds& b_rounds);

}  // namespace moat
