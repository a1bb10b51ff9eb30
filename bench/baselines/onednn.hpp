// SPDX-License-Identifier: Apache-2.0
// oneDNN's primitives: matmul, softmax, and attention and RMSNorm as chains of them.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds the baseline, or why it is absent.
void open_onednn(int threads, Baselines& baselines);

}  // namespace moat
