// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/sass.hpp"

#include <array>
#include <cstdint>

namespace moat::codegen {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Cuts off `text` up to `mark`, and the mark; all of it if there is none.
std::string_view take(std::string_view& text, std::string_view mark) {
  const std::size_t end = text.find(mark);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + mark.size());
  return taken;
}

// "@!P2 FMUL R27, R27.reuse, 0.5" in parts. None of what is read here has more operands.
struct Instruction {
  bool predicated = false;
  std::string_view opcode;
  std::array<std::string_view, 4> operands;
};

Instruction parse(std::string_view text) {
  Instruction i;
  if (text.starts_with('@')) {
    i.predicated = true;
    take(text, " ");
    text = trim(text);
  }
  i.opcode = take(text, " ");
  for (std::string_view& operand : i.operands) {
    operand = trim(take(text, ","));
    operand = operand.substr(0, operand.find(".reuse"));
  }
  return i;
}

bool is_rescue(const Instruction& i) {
  const auto& [to, a, b, c] = i.operands;
  if (i.opcode.starts_with("FSETP.")) return c == "-126";
  return i.opcode == "FMUL" && i.predicated && a == to && (b == "0.5" || b == to);
}

// Which products of a warpgroup run at a place of the code.
enum class Products : std::uint8_t { unknown, under_way, waited_for };

}  // namespace

std::map<std::string, Exponentials> read_sass(std::string_view text) {
  constexpr std::string_view kSection = ".text.";
  std::map<std::string, Exponentials> entries;
  Exponentials* current = nullptr;
  Products products = Products::unknown;
  while (!text.empty()) {
    const std::string_view line = trim(take(text, "\n"));
    if (line.starts_with(kSection) && line.ends_with(':')) {
      current = &entries[std::string(line.substr(kSection.size(), line.size() - 7))];
      products = Products::unknown;
      continue;
    }
    // /*4ca0*/                   WARPGROUP.DEPBAR.LE gsb0, 0x1 ;
    if (current == nullptr || !line.starts_with("/*")) continue;
    std::string_view rest = line;
    take(rest, "*/");
    const std::string_view instruction = trim(take(rest, ";"));
    const Instruction i = parse(instruction);
    if (i.opcode.starts_with("WARPGROUP.DEPBAR")) {
      products = i.operands[1] != "0x0"            ? Products::under_way
                 : products == Products::under_way ? Products::waited_for
                                                   : Products::unknown;
    } else if (i.opcode.starts_with("HGMMA") || i.opcode.starts_with("WARPGROUP.ARRIVE")) {
      if (products == Products::waited_for) products = Products::unknown;
    } else if (i.opcode == "MUFU.EX2") {
      ++current->all;
      if (products == Products::under_way) ++current->hidden;
      if (products == Products::waited_for) current->late.emplace_back(instruction);
    } else if (is_rescue(i)) {
      current->rescues.emplace_back(instruction);
    }
  }
  return entries;
}

}  // namespace moat::codegen
