// SPDX-License-Identifier: Apache-2.0
// What is known of a GPU whose kernels are chosen and launched.
#pragma once

#include <cstddef>

namespace moat::simt {

// On a device, as its runtime tells; where there is none, those of a device that the backend's
// reference_devices.hpp names.
struct DeviceFacts {
  int compute_units = 0;         // multiprocessors or compute units, which schedules choose by
  std::size_t shared_bytes = 0;  // the most that a block may have; a launch of more is refused
};

}  // namespace moat::simt
