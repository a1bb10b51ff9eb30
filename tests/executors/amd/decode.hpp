// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/executors/amd/disassembly.hpp"
#include "tests/executors/amd/instruction.hpp"

namespace moat::amdgcn {

// The kernel's instructions in their executable form; `kernel` must outlive the result. What is not
// known is noted in Program::unknown and is a fault when it is executed.
Program decode(const CodeObject& object, const KernelInfo& kernel, const std::vector<Line>& lines);

}  // namespace moat::amdgcn
