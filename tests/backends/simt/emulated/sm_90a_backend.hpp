// sm_90a on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/cuda/schedules.hpp"
#include "backends/cuda/sm_90a.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/lanes.hpp"

namespace moat {
using ThisBackend = emulator::Backend<cuda::Sm90a<emulator::Lanes<32>>, cuda::Sm90aSchedules>;
}  // namespace moat
