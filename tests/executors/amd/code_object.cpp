// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/code_object.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/executors/amd/fault.hpp"

namespace moat::amdgcn {
namespace {

using nlohmann::json;

std::string_view slice(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) {
    throw Fault("the code object is cut short");
  }
  return file.substr(offset, size);
}

template <class T>
T read(std::string_view file, std::uint64_t offset) {
  T value;
  std::memcpy(&value, slice(file, offset, sizeof value).data(), sizeof value);
  return value;
}

std::vector<Elf64_Shdr> sections(std::string_view file) {
  const auto header = read<Elf64_Ehdr>(file, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != EM_AMDGPU) {
    throw Fault("no ELF file of an AMD GPU");
  }
  std::vector<Elf64_Shdr> all;
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    all.push_back(read<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr)));
  }
  return all;
}

// The note NT_AMDGPU_METADATA, MessagePack.
json metadata(std::string_view file) {
  constexpr std::uint32_t kMetadata = 32;
  for (const Elf64_Shdr& s : sections(file)) {
    if (s.sh_type != SHT_NOTE) continue;
    const std::string_view notes = slice(file, s.sh_offset, s.sh_size);
    for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
      const auto note = read<Elf64_Nhdr>(notes, at);
      const std::size_t contents = at + sizeof note + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == kMetadata) {
        const std::string_view packed = slice(notes, contents, note.n_descsz);
        return json::from_msgpack(packed.begin(), packed.end());
      }
      at = contents + (note.n_descsz + 3) / 4 * 4;
    }
  }
  throw Fault("the code object has no metadata");
}

// Virtual addresses of the symbols.
std::map<std::string, std::uint64_t> symbols(std::string_view file) {
  std::map<std::string, std::uint64_t> found;
  const auto all = sections(file);
  for (const Elf64_Shdr& s : all) {
    if (s.sh_type != SHT_SYMTAB && s.sh_type != SHT_DYNSYM) continue;
    const Elf64_Shdr& names = all.at(s.sh_link);
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= s.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read<Elf64_Sym>(file, s.sh_offset + at);
      const std::string_view rest =
          slice(file, names.sh_offset, names.sh_size)
              .substr(std::min<std::uint64_t>(symbol.st_name, names.sh_size));
      found[std::string(rest.substr(0, rest.find('\0')))] = symbol.st_value;
    }
  }
  return found;
}

std::size_t offset_of(std::string_view file, std::uint64_t address) {
  for (const Elf64_Shdr& s : sections(file)) {
    if (s.sh_type == SHT_PROGBITS && address - s.sh_addr < s.sh_size) {
      return s.sh_offset + (address - s.sh_addr);
    }
  }
  throw Fault("no section holds the address " + std::to_string(address));
}

}  // namespace

const Argument* KernelInfo::find(std::string_view kind) const {
  const auto found = std::ranges::find(arguments, kind, &Argument::kind);
  return found == arguments.end() ? nullptr : &*found;
}

const KernelInfo* CodeObject::find(std::string_view kernel) const {
  const auto found = std::ranges::find(kernels, kernel, &KernelInfo::name);
  return found == kernels.end() ? nullptr : &*found;
}

CodeObject read_code_object(std::string architecture, std::string bytes) {
  CodeObject object{
      .architecture = std::move(architecture), .bytes = std::move(bytes), .kernels = {}};
  const auto addresses = symbols(object.bytes);
  try {
    const json all = metadata(object.bytes);
    for (const json& kernel : all.at("amdhsa.kernels")) {
      KernelInfo k{.name = kernel.at(".name"),
                   .arguments = {},
                   .argument_bytes = kernel.at(".kernarg_segment_size"),
                   .threads = kernel.at(".max_flat_workgroup_size"),
                   .wave_width = kernel.at(".wavefront_size"),
                   .vector_registers = kernel.at(".vgpr_count")};
      if (k.wave_width != 32 && k.wave_width != 64) {
        throw Fault("waves of " + std::to_string(k.wave_width) + " lanes in " + k.name);
      }
      for (const json& argument : kernel.value(".args", json::array())) {
        k.arguments.push_back({.kind = argument.at(".value_kind"),
                               .offset = argument.at(".offset"),
                               .bytes = argument.at(".size")});
      }
      const std::string symbol = kernel.at(".symbol");
      const auto at = addresses.find(symbol);
      if (at == addresses.end()) throw Fault("the code object has no symbol " + symbol);
      const std::size_t descriptor = offset_of(object.bytes, at->second);
      k.static_lds_bytes = read<std::uint32_t>(object.bytes, descriptor);
      k.private_bytes = read<std::uint32_t>(object.bytes, descriptor + 4);
      k.resources1 = read<std::uint32_t>(object.bytes, descriptor + 48);
      k.resources2 = read<std::uint32_t>(object.bytes, descriptor + 52);
      k.properties = read<std::uint16_t>(object.bytes, descriptor + 56);
      object.kernels.push_back(std::move(k));
    }
  } catch (const json::exception& e) {
    throw Fault(std::string("the code object's metadata: ") + e.what());
  }
  return object;
}

std::size_t file_offset(const CodeObject& object, std::uint64_t address) {
  return offset_of(object.bytes, address);
}

std::vector<Bundled> read_bundle(const void* data) {
  constexpr std::string_view kMagic = "__CLANG_OFFLOAD_BUNDLE__";
  const auto* const begin = static_cast<const char*>(data);
  if (std::string_view(begin, kMagic.size()) != kMagic) {
    throw Fault("the fat binary is compressed, or no offload bundle");
  }
  const auto number = [](const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  std::vector<Bundled> found;
  const char* entry = begin + kMagic.size() + 8;
  for (auto left = number(begin + kMagic.size()); left > 0; --left) {
    const auto length = number(entry + 16);
    const std::string_view id(entry + 24, length);  // hipv4-amdgcn-amd-amdhsa--gfx90a:xnack-
    if (id.starts_with("hip")) {
      const std::string_view target = id.substr(id.rfind("--") + 2);
      found.push_back({.architecture = std::string(target.substr(0, target.find(':'))),
                       .bytes = {begin + number(entry), number(entry + 8)}});
    }
    entry += 24 + length;
  }
  return found;
}

}  // namespace moat::amdgcn
