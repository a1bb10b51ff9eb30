// SPDX-License-Identifier: Apache-2.0
// What is known of a GPU whose kernels are chosen and launched.
#pragma once

#include <cstddef>

namespace moat::simt {

// On a device, as its runtime tells; where there is none, those of a device that the backend's
// reference_devices.hpp names. Schedules do not choose by shared memory, because a table needs at
// most what the least device of its family gives a block: 96 KiB of 99 in cuda/sm_80, 193 of 227 in
// sm_90a, 64 of 64 in hip/. Nor by caches: those bound how long a row may be to be read again from
// them, and for a longer one there is no other schedule to choose.
struct DeviceFacts {
  int compute_units = 0;         // multiprocessors or compute units, which schedules choose by
  std::size_t shared_bytes = 0;  // the most that a block may have; a launch of more is refused
};

}  // namespace moat::simt
