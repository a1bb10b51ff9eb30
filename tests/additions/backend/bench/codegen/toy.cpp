// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/toy.hpp"

#include "bench/codegen/elf.hpp"

namespace moat::codegen {

std::vector<std::string> toy_entries(std::string_view file) {
  std::vector<std::string> entries;
  for (const ElfSymbol& symbol : read_elf(file).symbols) {
    if (symbol.size > 0) entries.push_back(symbol.name);
  }
  return entries;
}

}  // namespace moat::codegen
