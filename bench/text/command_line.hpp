// SPDX-License-Identifier: Apache-2.0
// What the command line's parser says, in the words of the other messages.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bench/text/suggest.hpp"

namespace moat {

// The long options of a command, with their dashes.
inline std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  const auto add = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  };
  add(command);
  // Groups of options are subcommands without a name.
  for (const CLI::App* group : command.get_subcommands({})) {
    if (group->get_name().empty()) add(*group);
  }
  return names;
}

// "unknown argument --sampels (did you mean --samples?)"
inline std::string unknown_argument(const CLI::App& command, const std::string& argument) {
  std::string text = "unknown argument " + argument;
  const std::vector<std::string> options = option_names(command);
  if (!argument.starts_with('-')) {
    const bool takes_cases = std::ranges::find(options, "--case") != options.end();
    const bool is_case = takes_cases && std::ranges::count(argument, '/') == 2;
    return is_case ? text + " (did you mean --case " + argument + "?)" : text;
  }
  const auto meant = nearest(argument.substr(0, argument.find('=')), options);
  return meant ? text + " (did you mean " + *meant + "?)" : text;
}

// Options of --help: "--threads N (from 1 to 4096)".
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return relations(*option);
    std::string type = option->get_type_name();
    std::string range;
    if (const auto at = type.find(":from "); at != std::string::npos) {
      range = type.substr(at + 1);
      type.erase(at);
    }
    // A check that the file is there.
    if (type.ends_with(":FILE")) type = "FILE";
    // All numbers that there are.
    if (range.ends_with(" to 18446744073709551615")) range.clear();
    if (const std::string& value = option->get_default_str(); !value.empty()) {
      range += (range.empty() ? "default " : ", default ") + value;
    }
    std::string text;
    if (const std::string word = of_type(type, option->get_positional()); !word.empty()) {
      text += " " + word;
    }
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
    if (!range.empty()) text += " (" + range + ")";
    return text + relations(*option);
  }

 private:
  static std::string of_type(const std::string& type, bool positional) {
    if (positional && type == "TEXT") return "";  // its name says what it is
    if (type == "INT" || type == "UINT") return "N";
    if (type == "FLOAT") return "X";
    if (type == "ENUM") return "NAME";
    return type;
  }

  static std::string relations(const CLI::Option& option) {
    std::string text;
    for (const CLI::Option* o : option.get_needs()) text += " (with " + o->get_name() + ")";
    for (const CLI::Option* o : option.get_excludes()) text += " (without " + o->get_name() + ")";
    return text;
  }
};

}  // namespace moat
