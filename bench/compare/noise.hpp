// SPDX-License-Identifier: Apache-2.0
// How much a build seems to differ from itself: an A/A comparison within what was measured.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "bench/compare/bootstrap.hpp"

namespace moat {

// |ratio − 1| of medians that ought to be equal: of each two series of one build or, where there is
// one series, of its quarters taken two against two. Empty if a lone series has fewer than
// kFewestSamples.
std::vector<double> self_differences(const Series& series);

// The same for series whose samples are compared within rounds: neighbours of one build.
std::vector<double> paired_self_differences(const Series& series);

// The same for series of several processes that took turns, one per process: half of them, drawn at
// random and with the builds' roles exchanged, against the other half, so that any difference
// between the builds cancels. Empty if there are fewer than kFewestProcesses.
std::vector<double> process_self_differences(const Series& base, const Series& now);

// Fewer processes than this tell nothing of how they differ.
inline constexpr std::size_t kFewestProcesses = 3;

// What 95 % of the differences stay under; none if there are no differences.
std::optional<double> noise_floor(std::vector<double> differences);

}  // namespace moat
