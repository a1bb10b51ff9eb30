// SPDX-License-Identifier: Apache-2.0
// Decodes an entry (PTX ISA, "Syntax", "State Spaces, Types, and Variables").
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

class Lexer;

// A declaration of shared memory, of which ".shared" was read. Throws ParseError.
SharedArray parse_shared(Lexer& in);

// The entry in [begin, end) of a module's text, from its name on; `shared` and `files` are the
// module's. Throws ParseError: what is unknown is named with its line.
Kernel parse_entry(std::shared_ptr<const std::string> text, std::size_t begin, std::size_t end,
                   std::span<const SharedArray> shared, std::shared_ptr<const Files> files);

}  // namespace moat::ptx
