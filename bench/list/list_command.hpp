// SPDX-License-Identifier: Apache-2.0
// `moat list`: what there is to run, and what is skipped and why.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/record/record.hpp"

namespace moat {

// Adds the subcommand `list` to `app`. When it was given, parsing prints to standard output and
// sets `exit_code` to one of ExitCode.
void add_list_command(CLI::App& app, int& exit_code);

// Kernels, suites with their cases and sources, instruction sets of the CPU backend, backends with
// their devices, and the reason for each backend and baseline that is absent: {"kernels", "suites",
// "instruction_sets", "backends", "baselines"}.
Json listing(const std::vector<BackendEntry>& backends, const std::vector<AbsentBackend>& absent);

// The listing as a person reads it, without cases.
std::string listing_text(const Json& listing);

// The cases of a suite, a name a line below what they are and where they are from: the lines of a
// file of cases.
std::string suite_text(const Json& suite);

}  // namespace moat
