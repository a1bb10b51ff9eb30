// SPDX-License-Identifier: Apache-2.0
// The CUDA backend for sm_90a as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/ptx_sm_90.hpp"
#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_90a.hpp"
#include "backends/simt/launch.hpp"
#include "backends/simt/warp_specialized.hpp"

namespace moat {
using ThisBackend = simt::Backend<cuda::Sm90a<cuda::Ptx90a>, cuda::Sm90aSchedules>;
}  // namespace moat
