// SPDX-License-Identifier: Apache-2.0
// Sections and symbols of 64-bit little-endian ELF files: objects, cubins, AMD code objects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moat::codegen {

struct ElfSection {
  std::string name;
  std::uint32_t type = 0;
  std::string_view bytes;  // into the file; empty for a section without contents
};

struct ElfSymbol {
  std::string name;
  std::uint64_t size = 0;  // bytes
};

struct Elf {
  std::vector<ElfSection> sections;
  std::vector<ElfSymbol> symbols;

  // The contents of the first section of that name; empty if there is none.
  std::string_view section(std::string_view name) const;
};

// Reads `file`, which must outlive the result. Throws std::runtime_error if it is cut short or is
// no such file.
Elf read_elf(std::string_view file);

}  // namespace moat::codegen
