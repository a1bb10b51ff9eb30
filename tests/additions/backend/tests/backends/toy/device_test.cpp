// SPDX-License-Identifier: Apache-2.0
#include "backends/toy/device.hpp"

#include "tests/backends/gpu_kernels.hpp"

namespace moat {
namespace {

TEST(ToyDevices, EveryKernel) { run_kernels(list_toy_devices(), edge_problems); }

}  // namespace
}  // namespace moat
