// rdna3 on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/hip/rdna3.hpp"
#include "backends/hip/schedules.hpp"
#include "tests/emulator/backend.hpp"
#include "tests/emulator/lanes.hpp"

namespace moat {
using ThisBackend = emulator::Backend<hip::Rdna3<emulator::Lanes<32>>, hip::Rdna3Schedules>;
}  // namespace moat
