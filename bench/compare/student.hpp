// SPDX-License-Identifier: Apache-2.0
// The mean of a few processes' log ratios, with the interval that their spread gives.
#pragma once

#include <span>

#include "bench/compare/bootstrap.hpp"

namespace moat {

// The geometric mean of ratios, given as logs, one per process, with Student's 95 % interval: what
// makes processes of one binary differ, such as where their operands and code come to lie, is
// outside of every interval within a process, however many samples that has (Kalibera and Jones
// 2013, "Rigorous Benchmarking in Reasonable Time": the interval comes from the highest level that
// is repeated; Curtsinger and Berger 2013, "Stabilizer": the mean over random layouts). The
// resamples are drawn from that distribution. At least 2 logs.
RatioEstimate mean_ratio(std::span<const double> logs, const BootstrapOptions& options);

}  // namespace moat
