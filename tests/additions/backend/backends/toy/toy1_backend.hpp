// SPDX-License-Identifier: Apache-2.0
// The toy's backend as kernels/*.cpp see it.
#pragma once

#include "backends/simt/plain.hpp"
#include "backends/toy/schedules.hpp"
#include "tests/emulator/lanes.hpp"
#include "tests/emulator/backend.hpp"

namespace moat {
using ThisBackend = emulator::Backend<simt::Plain<emulator::Lanes<32>>, toy::Schedules>;
}  // namespace moat
