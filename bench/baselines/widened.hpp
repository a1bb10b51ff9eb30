// SPDX-License-Identifier: Apache-2.0
// 16-bit types by a library that has f32 only.
#pragma once

#include <memory>

#include "bench/baselines/baselines.hpp"

namespace moat {

// Solves products, softmax and RMSNorm in f16 and bf16 where `library` does not: operands are
// widened to f32 by loops of this build, the library solves the problem in f32, and the result is
// rounded to the type. All of that is timed. Named after the library: onednn-f32. `library`
// outlives it.
std::unique_ptr<Baseline> make_widened(Baseline& library, int threads);

}  // namespace moat
