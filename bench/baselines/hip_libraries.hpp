// SPDX-License-Identifier: Apache-2.0
// AMD's libraries.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds those of ROCm that are called, and of the others why the results of a HIP device stand
// beside nothing. The device outlives the baselines.
void open_hip_libraries(Device& device, Baselines& baselines);

}  // namespace moat
