// SPDX-License-Identifier: Apache-2.0
// What schedules know of the GPU that they choose for.
#pragma once

#include <cstddef>

namespace moat::simt {

// On a device, as its runtime tells; where there is none, those of a device that the backend's
// reference_devices.hpp names.
struct DeviceFacts {
  int compute_units = 0;         // multiprocessors or compute units
  std::size_t shared_bytes = 0;  // the most shared memory that a block may ask for
  std::size_t cache_bytes = 0;   // L2
};

}  // namespace moat::simt
