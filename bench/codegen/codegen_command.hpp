// SPDX-License-Identifier: Apache-2.0
// `moat codegen`: what the compilers made of each kernel, no device needed.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "bench/codegen/report.hpp"

namespace moat {

// The document that the build of this binary wrote.
std::filesystem::path default_codegen_report();

// Reads such a document. Throws std::runtime_error that says how to make it.
codegen::Report read_codegen_report(const std::filesystem::path& path = default_codegen_report());

// Adds the subcommand, whose exit code is left in `exit_code`.
void add_codegen_command(CLI::App& app, int& exit_code,
                         const std::filesystem::path& report = default_codegen_report());

}  // namespace moat
