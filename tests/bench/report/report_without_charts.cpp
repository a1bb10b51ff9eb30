// SPDX-License-Identifier: Apache-2.0
// `moat report` as a build without npm has it: the chart library is an empty file.
#include <CLI/CLI.hpp>

#include "bench/report/report_command.hpp"

int main(int argc, char** argv) {
  CLI::App app("moat report without charts");
  int exit_code = 0;
  moat::add_report_command(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
