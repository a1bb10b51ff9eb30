// SPDX-License-Identifier: Apache-2.0
// CUB's device-wide reductions on a device of the CUDA backend.
#pragma once

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds the baseline "cub", or why it is absent: a build without nvcc, or a device that it has no
// code for. The device outlives the baseline.
void open_cub(Device& device, Baselines& baselines);

}  // namespace moat
