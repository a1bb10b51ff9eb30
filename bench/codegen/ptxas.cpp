// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/ptxas.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace moat::codegen {
namespace {

int number(const std::smatch& match, int group) { return std::stoi(match[group].str()); }

}  // namespace

PtxasReport read_ptxas(std::string_view text) {
  static const std::regex compiling(R"(Compiling entry function '([^']+)' for '([^']+)')");
  static const std::regex stack(
      R"((\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads)");
  static const std::regex registers(R"(Used (\d+) registers)");
  static const std::regex shared(R"((\d+) bytes smem)");
  static const std::regex expected(R"(ptxas info\s*: (Function properties for |\d+ bytes gmem|)"
                                   R"(Compile time = |Compiling entry|Used \d+ registers))");
  PtxasReport report;
  static const std::regex cumulative(R"((\d+) bytes cumulative stack size)");
  PtxasEntry* current = nullptr;
  bool properties = false;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, compiling)) {
      report.entries.push_back({.entry = match[1], .architecture = match[2]});
      current = &report.entries.back();
      properties = false;
    } else if (current != nullptr && std::regex_search(line, match, stack)) {
      // A called function's frame and spills cost the kernel too.
      properties = true;
      current->stack_bytes += number(match, 1);
      current->spill_store_bytes += number(match, 2);
      current->spill_load_bytes += number(match, 3);
    } else if (current != nullptr && std::regex_search(line, match, registers)) {
      current->registers = number(match, 1);
      if (std::regex_search(line, match, shared)) current->static_shared_bytes = number(match, 1);
      if (std::regex_search(line, match, cumulative)) {
        current->stack_bytes = std::max(current->stack_bytes, number(match, 1));
      }
      current->complete = properties;
    } else if (line.starts_with("ptxas") && !std::regex_search(line, expected)) {
      report.messages.push_back(line);
    }
  }
  return report;
}

}  // namespace moat::codegen
