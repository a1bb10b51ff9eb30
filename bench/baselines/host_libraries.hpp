// SPDX-License-Identifier: Apache-2.0
// Libraries and plain loops on the processor of the host.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Adds them, and the yardsticks, with as many threads as the device.
void open_host_libraries(Device& device, Baselines& baselines);

}  // namespace moat
