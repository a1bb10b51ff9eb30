// SPDX-License-Identifier: Apache-2.0
// `moat run --ab OTHER`: this build and another one, sampled in turns in one session.
#pragma once

#include "bench/run/options.hpp"

namespace moat {

// Runs both builds, several processes of each one after the other (README.md), with the options of
// `options.arguments`, writes base.json (the other build) and new.json (this one) into the folder
// `options.out`, by default results/ab/<UTC time>, and prints their comparison. Returns one of
// ExitCode. Throws UsageError for options that it cannot combine.
int run_ab(const RunOptions& options);

}  // namespace moat
