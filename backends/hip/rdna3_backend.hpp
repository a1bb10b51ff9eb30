// SPDX-License-Identifier: Apache-2.0
// The HIP backend for RDNA 3 as kernels/*.cpp see it.
#pragma once

#include "backends/hip/amdgpu.hpp"
#include "backends/hip/rdna3.hpp"
#include "backends/hip/schedules.hpp"
#include "backends/simt/launch.hpp"

namespace moat {
using ThisBackend = simt::Backend<hip::Rdna3<hip::Amdgpu<32>>, hip::Rdna3Schedules>;
}  // namespace moat
