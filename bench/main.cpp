#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bench/codegen/codegen_command.hpp"
#include "bench/compare/compare_command.hpp"
#include "bench/list/list_command.hpp"
#include "bench/port/port_command.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/report/report_command.hpp"
#include "bench/run/exit_codes.hpp"
#include "bench/run/run_command.hpp"
#include "bench/run/suggest.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

int run_main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  CLI::App app{
      "How deep is a GPU vendor's moat? Kernels written once, verified, timed and counted.",
      "moat"};
  app.set_version_flag("--version", "moat " + version_text(this_build()));
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
    return app.exit(e) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
  const auto report = [](int code, const std::exception& e) {
    fmt::print(stderr, "moat: {}\n", e.what());
    return code;
  };
  try {
    return moat::run_main(argc, argv);
  } catch (const moat::UsageError& e) {
    return report(moat::kExitUsage, e);
  } catch (const moat::WriteError& e) {
    return report(moat::kExitOutput, e);
  } catch (const std::exception& e) {
    return report(moat::kExitDevice, e);
  }
}
