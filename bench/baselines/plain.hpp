// SPDX-License-Identifier: Apache-2.0
// Plain parallel loops for problems that no vendor library solves.
#pragma once

#include <memory>

#include "bench/baselines/baselines.hpp"

namespace moat {

// Reductions and RMSNorm as loops that the compiler vectorises, over OpenMP threads. A sum adds at
// most kFoldInterval elements per lane in f32 and the rest in f64.
std::unique_ptr<Baseline> make_plain(int threads);

}  // namespace moat
