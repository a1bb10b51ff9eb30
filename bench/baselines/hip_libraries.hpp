// SPDX-License-Identifier: Apache-2.0
// AMD's libraries, none of which this suite calls.
#pragma once

#include "bench/baselines/baselines.hpp"

namespace moat {

// Lists what a HIP device's results stand beside nothing of, with the reason.
void open_hip_libraries(Device& device, Baselines& baselines);

}  // namespace moat
