// SPDX-License-Identifier: Apache-2.0
// cuDNN's fused attention on a device of the CUDA backend.
#pragma once

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds the baseline "cudnn", or why it is absent: the build without its header, the library not
// found, or its initialisation failed. The device outlives the baseline.
void open_cudnn(Device& device, Baselines& baselines);

}  // namespace moat
