// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/elf.hpp"

#include <elf.h>

#include <cstring>
#include <stdexcept>

namespace moat::codegen {
namespace {

std::string_view slice(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) {
    throw std::runtime_error("the ELF file is cut short");
  }
  return file.substr(offset, size);
}

template <class T>
T read(std::string_view file, std::uint64_t offset) {
  T value;
  std::memcpy(&value, slice(file, offset, sizeof value).data(), sizeof value);
  return value;
}

std::string name_at(std::string_view names, std::uint32_t offset) {
  const std::string_view rest = slice(names, offset, names.size() - offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace

std::string_view Elf::section(std::string_view name) const {
  for (const ElfSection& s : sections) {
    if (s.name == name) return s.bytes;
  }
  return {};
}

Elf read_elf(std::string_view file) {
  const auto header = read<Elf64_Ehdr>(file, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB) {
    throw std::runtime_error("no 64-bit little-endian ELF file");
  }
  const auto section_header = [&](std::uint64_t index) {
    return read<Elf64_Shdr>(file, header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  // Objects of many sections keep their number, and the names' section, in the first header.
  std::uint64_t count = header.e_shnum;
  std::uint64_t names_index = header.e_shstrndx;
  if (header.e_shoff != 0) {
    const auto first = section_header(0);
    if (count == 0) count = first.sh_size;
    if (names_index == SHN_XINDEX) names_index = first.sh_link;
  }
  const auto contents = [&](const Elf64_Shdr& s) {
    return s.sh_type == SHT_NOBITS || s.sh_type == SHT_NULL ? std::string_view()
                                                            : slice(file, s.sh_offset, s.sh_size);
  };
  Elf elf;
  if (count == 0) return elf;
  const std::string_view names = contents(section_header(names_index));
  for (std::uint64_t i = 0; i < count; ++i) {
    const Elf64_Shdr s = section_header(i);
    elf.sections.push_back(
        {.name = name_at(names, s.sh_name), .type = s.sh_type, .bytes = contents(s)});
    if (s.sh_type != SHT_SYMTAB) continue;
    const std::string_view symbol_names = contents(section_header(s.sh_link));
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= s.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read<Elf64_Sym>(contents(s), at);
      elf.symbols.push_back(
          {.name = name_at(symbol_names, symbol.st_name), .size = symbol.st_size});
    }
  }
  return elf;
}

}  // namespace moat::codegen
