// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error, whatever the caller made of them.
#pragma once

#include <string_view>

#include "bench/record/file.hpp"

namespace moat {

// At the start of a program. Gives each of the three that is closed a descriptor, so that no file
// of the program gets its number: messages vanish, and what is printed fails as it should. A pipe
// without a reader and a file beyond `ulimit -f` become errors of the write instead of signals.
void open_standard_streams();

// Prints `text`. Throws WriteError unless all of it was taken; an error without words if only the
// reader went away, as in `moat list | head -1`.
void print_out(std::string_view text);

// What std::cout and stdio have not written yet. Throws WriteError, as print_out, if that or
// anything before was lost.
void flush_out();

}  // namespace moat
