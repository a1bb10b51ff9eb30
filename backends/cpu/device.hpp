// SPDX-License-Identifier: Apache-2.0
// The CPU as a device of the harness.
#pragma once

#include <memory>

#include "backends/device.hpp"

namespace moat::cpu {

// A device that computes on `threads` ≥ 1 threads. The processor must have the features of
// chosen_set().
std::unique_ptr<Device> make_device(int threads);

}  // namespace moat::cpu

namespace moat {

// This machine's processor with its default number of threads; none, with the reason, if it lacks
// instructions that this build's kernels use.
DeviceList list_cpu_devices();

}  // namespace moat
