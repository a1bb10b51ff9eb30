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

// The entry in [begin, end) of a module's text, from its name on; `shared` names the module's
// arrays of dynamic shared memory. Throws ParseError: what is unknown is named with its line.
Kernel parse_entry(std::shared_ptr<const std::string> text, std::size_t begin, std::size_t end,
                   std::span<const std::string_view> shared);

}  // namespace moat::ptx
