// `moat compare`: what changed between records, and whether that is more than noise.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/compare/comparison.hpp"

namespace moat {

// Adds the subcommand `compare` to `app`. When it was given, parsing runs it and sets `exit_code`
// to one of CompareExit.
void add_compare_command(CLI::App& app, int& exit_code);

// "5%", "5 %" or "0.05" as 0.05. Throws UsageError for anything else.
double parse_threshold(const std::string& text);

// What a gate with the comparison's threshold says.
int gate_exit_code(const Comparison& comparison);

}  // namespace moat
