// SPDX-License-Identifier: Apache-2.0
#include "bench/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/codegen/codegen_command.hpp"
#include "bench/compare/compare_command.hpp"
#include "bench/explain/explain_command.hpp"
#include "bench/list/list_command.hpp"
#include "bench/model/model_command.hpp"
#include "bench/option_order.hpp"
#include "bench/port/port_command.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/report/report_command.hpp"
#include "bench/run/run_command.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/software/software_command.hpp"
#include "bench/text/command_line.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/suggest.hpp"
#include "bench/tune/tune_command.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    "moat COMMAND --help has examples and exit codes. What is printed is UTF-8 in every locale.\n"
    "Colours and a line of progress are for terminals: not with TERM=dumb, no colours with "
    "NO_COLOR,\n"
    "and colours also in a file or pipe with FORCE_COLOR or CLICOLOR_FORCE. A file to write may "
    "be\n"
    "a device, a FIFO, a link, which stays, or - for standard output. A file with further hard\n"
    "links is overwritten in place; any other is replaced as a whole. Folders on the way to a "
    "file\n"
    "are made.\n"
    "\n"
    "exit codes of all commands: 0 done, 2 bad option or value, 4 something could not be written\n";

// An empty value is a variable that nobody set: taken as no option, it would switch off a gate, and
// after "--out=" the parser would take the next argument for the value.
void refuse_empty_values(const std::vector<std::string>& arguments) {
  const auto blank = [](std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  };
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view a = arguments[i];
    const std::size_t equals = a.starts_with('-') ? a.find('=') : std::string_view::npos;
    if (blank(a)) {
      const std::string& before = arguments[i - 1];
      throw UsageError(before.starts_with('-')
                           ? fmt::format("{}: its value is empty; is a variable not set?", before)
                           : fmt::format("argument {} is empty; is a variable not set?", i));
    }
    if (equals != std::string_view::npos && blank(a.substr(equals + 1))) {
      throw UsageError(
          fmt::format("{}: its value is empty; is a variable not set?", a.substr(0, equals)));
    }
  }
}

// The parser's message about `command` in the words of all others.
std::string parser_text(const CLI::App& app, const CLI::App& command, const CLI::Error& error) {
  std::string text = error.what();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> extras = app.remaining(true);
    const auto option =
        std::ranges::find_if(extras, [](const std::string& a) { return a.starts_with('-'); });
    if (!extras.empty()) {
      return unknown_argument(command, option == extras.end() ? extras.front() : *option);
    }
  }
  // "--case: 1 required TEXT missing", "--export: 2 required FORMAT FILE missing"
  static const std::regex missing("(.*): [0-9]+ required (.*) missing");
  if (std::smatch m; std::regex_match(text, m, missing)) {
    const std::string what = m[2].str().substr(0, m[2].str().find(':'));
    const bool named = what != "TEXT" && what != "ENUM" && what != "INT" && what != "UINT";
    return fmt::format("{} needs {}", m[1].str(), named ? what : "a value");
  }
  constexpr std::string_view kRequired = " is required";
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && text.ends_with(kRequired) &&
      text != "A subcommand is required") {
    return text.substr(0, text.size() - kRequired.size()) + " is missing";
  }
  return text;
}

// "moat: RECORD is missing; see moat compare --help"
std::string usage_text(const CLI::App* app, const CLI::Error& error) {
  std::string path = app->get_name();
  const CLI::App* command = app;
  for (auto given = app->get_subcommands(); !given.empty(); given = command->get_subcommands()) {
    command = given.front();
    path += ' ' + command->get_name();
  }
  return fmt::format("moat: {}; see {} --help\n", parser_text(*app, *command, error), path);
}

int parse_and_run(int argc, char** argv, RunWorld (*world)()) {
  const std::vector<std::string> arguments(argv, argv + argc);
  refuse_empty_values(arguments);
  CLI::App app{
      "How deep is a GPU vendor's moat? Kernels written once, verified, timed and counted.",
      "moat"};
  app.set_version_flag("--version", "moat " + version_text(this_build()));
  app.footer(kFooter);
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  app.failure_message(usage_text);
  int exit_code = kExitOk;
  add_run_command(app, arguments, exit_code, world);
  add_tune_command(app, arguments, exit_code, world);
  add_software_command(app, arguments, exit_code, world);
  add_list_command(app, exit_code);
  add_explain_command(app, exit_code);
  add_model_command(app, arguments, exit_code, world);
  add_compare_command(app, exit_code);
  add_report_command(app, exit_code);
  add_port_command(app, exit_code);
  add_codegen_command(app, exit_code);
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::ranges::find(known, argv[1]) == known.end()) {
    throw UsageError(fmt::format("{} is not a subcommand{}", argv[1], suggestion(argv[1], known)));
  }
  if (const std::string why = misplaced_option(app, arguments); !why.empty()) {
    throw UsageError(why);
  }
  if (argc > 1 && argv[1][0] == '-') {
    const std::vector<std::string> options = option_names(app);
    if (std::ranges::find(options, argv[1]) == options.end() && argv[1] != std::string("-h")) {
      throw UsageError(unknown_argument(app, argv[1]) + "; see moat --help");
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    exit_code = app.exit(e) == 0 ? kExitOk : kExitUsage;
  }
  // What these say stands, shown or not.
  const auto told = {kExitUsage, kExitOutput, kExitInterrupted};
  if (std::ranges::find(told, exit_code) == told.end()) flush_out();
  return exit_code;
}

}  // namespace

int command(int argc, char** argv, RunWorld (*world)()) {
  const auto report = [](int code, const std::exception& e) {
    say_error("moat", e);
    return code;
  };
  open_standard_streams();
  try {
    return parse_and_run(argc, argv, world);
  } catch (const UsageError& e) {
    return report(kExitUsage, e);
  } catch (const WriteError& e) {
    return report(kExitOutput, e);
  } catch (const std::bad_alloc&) {
    return report(kExitDevice,
                  std::runtime_error("out of memory: choose smaller cases, or raise the limit "
                                     "(ulimit -v, the container's)"));
  } catch (const std::exception& e) {
    return report(kExitDevice, e);
  }
}

}  // namespace moat
