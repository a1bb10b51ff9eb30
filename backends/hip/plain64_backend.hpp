// SPDX-License-Identifier: Apache-2.0
// The HIP backend for GPUs with waves of 64 lanes and no matrix instructions as kernels/*.cpp see
// it.
#pragma once

#include "backends/hip/amdgpu.hpp"
#include "backends/hip/schedules.hpp"
#include "backends/simt/launch.hpp"
#include "backends/simt/plain.hpp"

namespace moat {
using ThisBackend = simt::Backend<simt::Plain<hip::Amdgpu<64>>, hip::PlainSchedules>;
}  // namespace moat
