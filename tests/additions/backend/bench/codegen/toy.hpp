// SPDX-License-Identifier: Apache-2.0
// What the toy's object files say of each kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::codegen {

// Mangled names of the entries. Throws std::runtime_error if the file is no ELF file.
std::vector<std::string> toy_entries(std::string_view file);

}  // namespace moat::codegen
