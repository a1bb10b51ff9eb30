// SPDX-License-Identifier: Apache-2.0
// rdna3 on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/hip/rdna3.hpp"
#include "backends/hip/schedules.hpp"
#include "tests/emulator/amdgpu.hpp"
#include "tests/emulator/backend.hpp"

namespace moat {
using ThisBackend = emulator::Backend<hip::Rdna3<emulator::Amdgpu<32>>, hip::Rdna3Schedules>;
}  // namespace moat
