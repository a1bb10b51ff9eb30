// SPDX-License-Identifier: Apache-2.0
// Executes the matrix instructions of compiled code where the processor has none, or where it has
// them and the process did not ask for their registers: each raises SIGILL there, and the handler
// does what it says to the tiles of its thread.
#pragma once

#include <cstdint>

#include "tests/executors/amx/instruction.hpp"

namespace moat::amx {

// Asks for the registers of AMX-TILE, AMX-BF16 and AMX-INT8, for the rest of the process, in which
// the processor executes them then. False if there are none or the system refuses them.
bool use_matrix_unit();

// Installs the handler, for all threads; afterwards matrix instructions are interpreted, several at
// a signal where they follow one another, unless use_matrix_unit() gave this process the unit. A fault ends the process (SIGABRT) and says on standard
// error "matrix interpreter: NAME at ADDRESS: EXCEPTION: reason". Any other illegal instruction
// ends it as it would without the handler.
void interpret();

// How many were interpreted so far, in all threads.
std::int64_t executed(Operation operation);

// Whether the tiles of this thread are in use, as far as the interpreter knows.
bool tiles_in_use();

}  // namespace moat::amx
