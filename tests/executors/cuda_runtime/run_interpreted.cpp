// SPDX-License-Identifier: Apache-2.0
// `moat run` as it is, but for ceilings and libraries of a GPU; linked with a stand-in for a GPU's
// runtime. What it measures is the interpreter's time.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bench/run/run_command.hpp"

namespace moat {
namespace {

RunWorld interpreted_world() {
  RunWorld world = this_world();
  world.baselines = [](Device&) { return Baselines{}; };
  world.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    Ceilings none;
    none.missing = {"an interpreter has no ceilings of a GPU"};
    return none;
  };
  // Its times tell nothing, so none is set aside because of other work.
  world.scheduling = nullptr;
  return world;
}

int main(int argc, char** argv) {
  CLI::App app("moat run on an interpreted device");
  app.require_subcommand(1);
  int exit_code = 0;
  add_run_command(app, {argv, argv + argc}, exit_code, interpreted_world);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  return exit_code;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) { return moat::main(argc, argv); }
