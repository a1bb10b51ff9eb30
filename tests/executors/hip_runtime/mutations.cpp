// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/hip_runtime/mutations.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace moat::hip_runtime {
namespace {

using amdgcn::Line;

constexpr std::uint32_t kNop = 0xbf800000;  // s_nop 0

// Fields of S_WAITCNT's constant (CDNA3 ISA and RDNA3 ISA, "SOPP").
struct Field {
  int shift;
  std::uint32_t mask;
};
std::vector<Field> count_fields(bool gfx11) {
  // gfx9's VMCNT has two more bits, which no count here reaches.
  if (gfx11) return {{10, 0x3f}, {4, 0x3f}};
  return {{0, 0xf}, {8, 0xf}};
}

// Whether the waits that follow at once, with nothing between, end what this one's field ends.
bool is_repeated(const std::vector<Line>& lines, std::size_t at, const Field& field) {
  const auto count = [&](const Line& line) { return line.encoding >> field.shift & field.mask; };
  const Line& wait = lines[at];
  if (wait.mnemonic == "s_waitcnt" && count(wait) == field.mask) return true;  // it ends nothing
  for (std::size_t i = at + 1; i < lines.size(); ++i) {
    if (!lines[i].mnemonic.starts_with("s_waitcnt")) return false;
    if (lines[i].mnemonic == wait.mnemonic && count(lines[i]) <= count(wait)) return true;
  }
  return false;
}

// Word 3 of the buffers' descriptors (backends/hip).
constexpr std::uint32_t kDescriptors[] = {0x00027000, 0x31027000};

}  // namespace

std::vector<Mutation> mutations(const std::string& kernel, const Executed& executed,
                                std::string_view architecture) {
  const bool gfx11 = architecture.starts_with("gfx11");
  std::vector<Mutation> found;
  for (std::size_t i = 0; i < executed.lines.size(); ++i) {
    if (executed.trace.executed[i] == 0) continue;
    const Line& line = executed.lines[i];
    const std::string& name = line.mnemonic;
    const auto add = [&](const char* kind, std::uint64_t address, std::uint32_t word) {
      found.push_back({.kind = kind,
                       .text = name + " " + line.operands,
                       .patch = {.kernel = kernel, .address = address, .words = {word}},
                       .changes_order = false});
    };
    if (name == "s_waitcnt" || name == "s_waitcnt_vscnt") {
      const bool ends = executed.trace.completed[i] != 0;
      const auto repeated = [&](const Field& f) { return is_repeated(executed.lines, i, f); };
      const std::vector<Field> fields =
          name == "s_waitcnt" ? count_fields(gfx11) : std::vector<Field>{{0, 0x3f}};
      add("wait removed", line.address, kNop);
      found.back().changes_order = ends && !std::ranges::all_of(fields, repeated);
      for (const Field& f : fields) {
        const std::uint32_t count = line.encoding >> f.shift & f.mask;
        if (name != "s_waitcnt" || count == f.mask) continue;
        add("wait raised", line.address, line.encoding + (1u << f.shift));
        // Of two counts, either may have ended what was ended.
        found.back().changes_order =
            ends && !repeated(f) && line.operands.find(' ') == std::string::npos;
      }
    } else if (name.starts_with("ds_") && name.find("permute") == std::string::npos) {
      const bool two = name.find("2_") != std::string::npos ||
                       name.find("2st64_") != std::string::npos ||
                       name.find("2addr") != std::string::npos;
      const std::uint32_t bytes = name.ends_with("b128") ? 16 : name.ends_with("b64") ? 8 : 4;
      // In two places, offsets count elements.
      add("LDS offset shifted", line.address, line.encoding + (two ? 1 : bytes));
    } else if (name.starts_with("v_cmp") && name.find("class") == std::string::npos) {
      const bool is_float =
          name.find("_f32") != std::string::npos || name.find("_f16") != std::string::npos;
      const int shift = name.ends_with("_e64") ? 16 : 17;
      // An operation and its negation have opposite numbers.
      add("lane mask flipped", line.address, line.encoding ^ (is_float ? 0xfu : 0x7u) << shift);
    } else if (name.starts_with("s_and_saveexec")) {
      // S_XOR_SAVEEXEC: the lanes that the branch leaves out.
      add("lane mask flipped", line.address, line.encoding + (gfx11 ? 0x400u : 0x200u));
    } else if (name == "s_mov_b32" && line.bytes == 8) {
      for (const std::uint32_t word : kDescriptors) {
        char text[16];
        std::snprintf(text, sizeof text, "0x%x", word);
        if (!line.operands.ends_with(text)) continue;
        add("descriptor changed", line.address + 4, 0);
        add("descriptor changed", line.address + 4, word ^ (gfx11 ? 1u << 28 : 1u << 31));
      }
    }
  }
  return found;
}

}  // namespace moat::hip_runtime
