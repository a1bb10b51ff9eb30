// sm_90a on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_90a.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/ptx.hpp"

namespace moat {
using ThisBackend = emulator::Backend<cuda::Sm90a<emulator::Ptx>, cuda::Sm90aSchedules>;
}  // namespace moat
