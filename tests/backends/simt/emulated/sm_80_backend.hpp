// SPDX-License-Identifier: Apache-2.0
// sm_80 on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_80.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat {
using ThisBackend = emulator::Backend<cuda::Sm80<emulator::Ptx>, cuda::Sm80Schedules>;
}  // namespace moat
