// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/amd.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/codegen/elf.hpp"

namespace moat::codegen {
namespace {

using nlohmann::json;

// The metadata note, MessagePack.
json read_metadata(const Elf& elf) {
  constexpr std::uint32_t kMetadata = 32;  // NT_AMDGPU_METADATA
  for (const ElfSection& section : elf.sections) {
    if (section.type != SHT_NOTE) continue;
    std::size_t at = 0;
    while (at + sizeof(Elf64_Nhdr) <= section.bytes.size()) {
      Elf64_Nhdr note;
      std::memcpy(&note, section.bytes.data() + at, sizeof note);
      const std::size_t name = at + sizeof note;
      const std::size_t contents = name + (note.n_namesz + 3) / 4 * 4;
      const std::size_t end = contents + (note.n_descsz + 3) / 4 * 4;
      if (end > section.bytes.size()) break;
      if (note.n_type == kMetadata && section.bytes.substr(name).starts_with("AMDGPU")) {
        const std::string_view packed = section.bytes.substr(contents, note.n_descsz);
        return json::from_msgpack(packed.begin(), packed.end());
      }
      at = end;
    }
  }
  throw std::runtime_error("the code object has no metadata note");
}

}  // namespace

std::vector<AmdEntry> read_code_object(std::string_view file) {
  const Elf elf = read_elf(file);
  const json metadata = read_metadata(elf);
  std::vector<AmdEntry> entries;
  try {
    for (const json& kernel : metadata.at("amdhsa.kernels")) {
      AmdEntry e{.entry = kernel.at(".name"),
                 .vector_registers = kernel.at(".vgpr_count"),
                 .accumulation_registers = kernel.value(".agpr_count", 0),
                 .scalar_registers = kernel.at(".sgpr_count"),
                 .vector_spills = kernel.at(".vgpr_spill_count"),
                 .scalar_spills = kernel.at(".sgpr_spill_count"),
                 .stack_bytes = kernel.at(".private_segment_fixed_size"),
                 .dynamic_stack = kernel.value(".uses_dynamic_stack", false),
                 .static_shared_bytes = kernel.at(".group_segment_fixed_size"),
                 .threads = kernel.at(".max_flat_workgroup_size"),
                 .wave_width = kernel.at(".wavefront_size")};
      for (const ElfSymbol& symbol : elf.symbols) {
        if (symbol.name == e.entry) e.code_bytes = static_cast<int>(symbol.size);
      }
      entries.push_back(std::move(e));
    }
  } catch (const json::exception& e) {
    throw std::runtime_error(std::string("the code object's metadata: ") + e.what());
  }
  return entries;
}

std::map<std::string, Instructions> read_disassembly(std::string_view text) {
  std::map<std::string, Instructions> counts;
  Instructions* current = nullptr;
  int under_way = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    // "0000000000009e00 <name>:" opens a function, "\tv_add_f32 …" is one of its instructions.
    if (line.ends_with(">:")) {
      const std::size_t open = line.find('<');
      if (open == std::string_view::npos) continue;
      const std::string_view name = line.substr(open + 1, line.size() - open - 3);
      // Branch targets inside a function are labels L0, L1 ….
      const bool label = name.size() > 1 && name[0] == 'L' &&
                         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
      if (label) continue;
      current = &counts[std::string(name)];
      under_way = 0;
    } else if (current != nullptr && line.starts_with('\t')) {
      const std::string_view rest = line.substr(1);
      const std::size_t blank = std::min(rest.find_first_of(" \t"), rest.size());
      count_amd(rest.substr(0, blank), rest.substr(blank), under_way, *current);
    }
  }
  return counts;
}

}  // namespace moat::codegen
