// SPDX-License-Identifier: Apache-2.0
#include "bench/option_order.hpp"

#include <fmt/format.h>

#include "bench/text/command_line.hpp"

namespace moat {
namespace {

const CLI::App* subcommand(const CLI::App& command, const std::string& name) {
  for (const CLI::App* sub : command.get_subcommands({})) {
    if (!name.empty() && sub->get_name() == name) return sub;
  }
  return nullptr;
}

bool takes(const CLI::App& command, const std::string& option) {
  return command.get_option_no_throw(option) != nullptr ||
         (command.get_allow_extras() && option.starts_with("--benchmark_"));
}

// "moat run", "moat port diff": the first command at or below this one that has the option.
std::string command_with(const CLI::App& command, const std::string& words,
                         const std::string& option) {
  if (takes(command, option)) return words;
  for (const CLI::App* sub : command.get_subcommands({})) {
    if (sub->get_name().empty()) continue;
    std::string found = command_with(*sub, words + ' ' + sub->get_name(), option);
    if (!found.empty()) return found;
  }
  return "";
}

}  // namespace

std::string misplaced_option(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* command = &app;
  std::string words = app.get_name();
  std::string early;  // the first option since the last word of the command
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a == "-h" || a == "--help" || a == "--version" || a == "--") return "";
    if (a.size() > 1 && a.starts_with('-')) {
      const std::string name = a.substr(0, a.find('='));
      if (early.empty()) early = name;
      const CLI::Option* own = command->get_option_no_throw(name);
      // Its value may be called like a subcommand.
      if (own != nullptr && own->get_expected_min() > 0 && name == a) ++i;
      continue;
    }
    const CLI::App* below = subcommand(*command, a);
    if (below == nullptr) {
      if (early.empty()) return "";
      continue;  // perhaps the option's value
    }
    const std::string outer = words;
    words += ' ' + a;
    if (!early.empty()) {
      if (takes(*below, early)) {
        return fmt::format("{} stands before {}: options come after the command, as in {} {}",
                           early, a, words, early);
      }
      return fmt::format("{}; see {} --help",
                         takes(*command, early)
                             ? fmt::format("{} is an option of {}, not of {}", early, outer, words)
                             : unknown_argument(*below, early),
                         words);
    }
    command = below;
  }
  if (early.empty() || takes(*command, early)) return "";
  const std::string with = command_with(*command, words, early);
  if (with.empty()) return "";
  return fmt::format("{} lacks its command: options come after it, as in {} {}", early, with,
                     early);
}

}  // namespace moat
