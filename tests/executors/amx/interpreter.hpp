// SPDX-License-Identifier: Apache-2.0
// Executes the matrix instructions of compiled code where the processor has none: each raises
// SIGILL there, and the handler does what it says to the tiles of its thread.
#pragma once

#include <cstdint>

#include "tests/executors/amx/instruction.hpp"

namespace moat::amx {

// Whether the processor has AMX-TILE, AMX-BF16 and AMX-INT8 and the system lets this process use
// them, which it is asked for.
bool has_matrix_unit();

// Installs the handler, for all threads; afterwards matrix instructions are interpreted, several at
// a signal where they follow one another. A fault ends the process (SIGABRT) and says on standard
// error "matrix interpreter: NAME at ADDRESS: EXCEPTION: reason". Any other illegal instruction
// ends it as it would without the handler.
void interpret();

// How many were interpreted so far, in all threads.
std::int64_t executed(Operation operation);

// Whether the tiles of this thread are in use, as far as the interpreter knows.
bool tiles_in_use();

}  // namespace moat::amx
