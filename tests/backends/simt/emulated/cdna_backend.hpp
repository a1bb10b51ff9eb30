// SPDX-License-Identifier: Apache-2.0
// cdna on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/hip/cdna.hpp"
#include "backends/hip/schedules.hpp"
#include "tests/emulator/amdgpu.hpp"
#include "tests/emulator/backend.hpp"

namespace moat {
using ThisBackend = emulator::Backend<hip::Cdna<emulator::Amdgpu<64>>, hip::CdnaSchedules>;
}  // namespace moat
