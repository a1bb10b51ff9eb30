// SPDX-License-Identifier: Apache-2.0
// A grouped GEMM as a loop over its experts.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds "loop": our own GEMM for one expert after the other, each as if it were the only one. How
// many rows each has, the host reads from the device in every call, as it has to.
void open_expert_loop(Device& device, Baselines& baselines);

}  // namespace moat
