// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/ptx.hpp"

#include <charconv>

namespace moat::codegen {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The numbers of ".maxntid 256, 1, 1", multiplied.
int product(std::string_view list) {
  int result = 1;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at != end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error == std::errc()) result *= value;
    at = error == std::errc() ? next : at + 1;
  }
  return result;
}

// One statement without its semicolon: "@%p1 ld.global.v4.u32 {…}, [%rd1]".
void count_statement(std::string_view statement, Instructions& counts) {
  // A block of inline assembly opens with a brace, also on the line of its first statement.
  while (!statement.empty() && (statement[0] == '{' || statement[0] == '}')) {
    statement = trim(statement.substr(1));
  }
  if (statement.starts_with('@')) {
    const std::size_t blank = statement.find_first_of(kBlank);
    if (blank == std::string_view::npos) return;
    statement = trim(statement.substr(blank));
  }
  const std::size_t end = statement.find_first_of(kBlank);
  count_ptx(statement.substr(0, end),
            end == std::string_view::npos ? std::string_view() : statement.substr(end), counts);
}

}  // namespace

std::map<std::string, PtxEntry> read_ptx(std::string_view ptx) {
  constexpr std::string_view kEntry = ".entry ";
  std::map<std::string, PtxEntry> entries;
  PtxEntry* current = nullptr;
  bool in_comment = false;
  while (!ptx.empty()) {
    const std::size_t end_of_line = ptx.find('\n');
    std::string_view line = ptx.substr(0, end_of_line);
    ptx = end_of_line == std::string_view::npos ? std::string_view() : ptx.substr(end_of_line + 1);
    if (in_comment) {
      const std::size_t close = line.find("*/");
      if (close == std::string_view::npos) continue;
      line = line.substr(close + 2);
      in_comment = false;
    }
    line = trim(line.substr(0, line.find("//")));
    if (const std::size_t open = line.find("/*"); open != std::string_view::npos) {
      in_comment = line.find("*/", open) == std::string_view::npos;
      line = trim(line.substr(0, open));
    }
    if (const std::size_t at = line.find(kEntry); at != std::string_view::npos) {
      const std::string_view name = trim(line.substr(at + kEntry.size()));
      current = &entries[std::string(name.substr(0, name.find_first_of("( \t")))];
      continue;
    }
    if (line.starts_with(".func") || line.starts_with(".visible .func") ||
        line.starts_with(".weak .func")) {
      current = nullptr;
      continue;
    }
    if (current == nullptr || line.empty()) continue;
    if (line.starts_with(".maxntid")) {
      current->threads = product(line);
    } else if (line.starts_with(".minnctapersm")) {
      current->min_blocks = product(line);
    } else if (line[0] != '.') {
      while (!line.empty()) {
        const std::size_t semicolon = line.find(';');
        count_statement(trim(line.substr(0, semicolon)), current->instructions);
        line = semicolon == std::string_view::npos ? std::string_view()
                                                   : trim(line.substr(semicolon + 1));
      }
    }
  }
  return entries;
}

}  // namespace moat::codegen
