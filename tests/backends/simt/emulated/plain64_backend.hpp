// SPDX-License-Identifier: Apache-2.0
// plain64 on the emulator, as kernels/*.cpp see it.
#pragma once

#include "backends/hip/schedules.hpp"
#include "backends/simt/plain.hpp"
#include "tests/emulator/amdgpu.hpp"
#include "tests/emulator/backend.hpp"

namespace moat {
using ThisBackend = emulator::Backend<simt::Plain<emulator::Amdgpu<64>>, hip::PlainSchedules>;
}  // namespace moat
