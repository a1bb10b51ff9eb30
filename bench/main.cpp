#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/codegen/codegen_command.hpp"
#include "bench/compare/compare_command.hpp"
#include "bench/list/list_command.hpp"
#include "bench/port/port_command.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/report/report_command.hpp"
#include "bench/run/exit_codes.hpp"
#include "bench/run/run_command.hpp"
#include "bench/run/suggest.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    "moat COMMAND --help has examples and exit codes. What is printed is UTF-8 in every locale.\n"
    "Colours and a line of progress are for terminals: not with TERM=dumb, no colours with "
    "NO_COLOR,\n"
    "and colours also in a file or pipe with FORCE_COLOR or CLICOLOR_FORCE. A file to write may "
    "be\n"
    "a device, a FIFO, a link, which stays, or - for standard output.\n"
    "\n"
    "exit codes of all commands: 0 done, 2 bad option or value, 4 something could not be written\n";

int run_main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  CLI::App app{
      "How deep is a GPU vendor's moat? Kernels written once, verified, timed and counted.",
      "moat"};
  app.set_version_flag("--version", "moat " + version_text(this_build()));
  app.footer(kFooter);
  app.require_subcommand(1);
  int exit_code = kExitOk;
  add_run_command(app, arguments, exit_code);
  add_list_command(app, exit_code);
  add_compare_command(app, exit_code);
  add_report_command(app, exit_code);
  add_port_command(app, exit_code);
  add_codegen_command(app, exit_code);
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::ranges::find(known, argv[1]) == known.end()) {
    throw UsageError(fmt::format("{} is not a subcommand{}", argv[1], suggestion(argv[1], known)));
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
}  // namespace moat

int main(int argc, char** argv) {
  const auto report = [](int code, const std::exception& e) {
    moat::say_error("moat", e);
    return code;
  };
  moat::open_standard_streams();
  try {
    return moat::run_main(argc, argv);
  } catch (const moat::UsageError& e) {
    return report(moat::kExitUsage, e);
  } catch (const moat::WriteError& e) {
    return report(moat::kExitOutput, e);
  } catch (const std::bad_alloc&) {
    return report(moat::kExitDevice,
                  std::runtime_error("out of memory: choose smaller cases, or raise the limit "
                                     "(ulimit -v, the container's)"));
  } catch (const std::exception& e) {
    return report(moat::kExitDevice, e);
  }
}
