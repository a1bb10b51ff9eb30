// SPDX-License-Identifier: Apache-2.0
// Plain parallel loops for problems that no vendor library solves.
#pragma once

#include <memory>

#include "backends/cpu/sets.hpp"
#include "bench/baselines/baselines.hpp"

namespace moat {

// Compiled for each instruction set.
struct PlainLoops {
  std::unique_ptr<Baseline> (*make)(int threads);
};

// Reductions and RMSNorm as loops that the compiler vectorises, over OpenMP threads. A sum adds at
// most kFoldInterval elements per lane in f32 and the rest in f64.
inline std::unique_ptr<Baseline> make_plain(int threads) {
  return cpu::chosen<PlainLoops>().make(threads);
}

}  // namespace moat
