// SPDX-License-Identifier: Apache-2.0
// Subcommands of moat by their command lines, in the test's own process.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat::test {

struct CommandResult {
  int exit_code = 0;
  std::string out;
  std::string err;
  Json json() const { return parse_strict(out); }
};

// Runs one of the subcommands that add(app, exit_code) adds. As in main, the exit code of a command
// line that cannot be read is 2.
template <class Add>
CommandResult run_command(std::vector<std::string> arguments, Add add) {
  CommandResult result;
  CLI::App app;
  add(app, result.exit_code);
  std::ranges::reverse(arguments);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError&) {
    result.exit_code = 2;
  }
  std::fflush(nullptr);
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

}  // namespace moat::test
