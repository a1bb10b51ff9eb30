// SPDX-License-Identifier: Apache-2.0
// The HIP backend for CDNA as kernels/*.cpp see it.
#pragma once

#include "backends/hip/amdgpu.hpp"
#include "backends/hip/cdna.hpp"
#include "backends/hip/schedules.hpp"
#include "backends/simt/launch.hpp"

namespace moat {
using ThisBackend = simt::Backend<hip::Cdna<hip::Amdgpu<64>>, hip::CdnaSchedules>;
}  // namespace moat
