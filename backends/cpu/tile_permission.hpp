// SPDX-License-Identifier: Apache-2.0
// Leave of the operating system to use the registers of matrix units.
#pragma once

#include <string>

namespace moat::cpu {

// Asks for it, once in a process. Empty if it is given, else why not: Linux hands the 8 KiB of
// tiles only to processes that asked (Documentation/arch/x86/xstate.rst), and only where it saves
// them.
const std::string& tile_refusal();

// Throws DeviceError with the reason where it is refused.
void require_tiles();

}  // namespace moat::cpu
