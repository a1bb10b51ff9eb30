// SPDX-License-Identifier: Apache-2.0
// The CUDA backend for sm_80 and newer as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/ptx.hpp"
#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_80.hpp"
#include "backends/simt/launch.hpp"

namespace moat {
using ThisBackend = simt::Backend<cuda::Sm80<cuda::Ptx>, cuda::Sm80Schedules>;
}  // namespace moat
