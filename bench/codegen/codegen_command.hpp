// `moat codegen`: what the compilers made of each kernel, no device needed.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "bench/record/strict_json.hpp"

namespace moat {

// The document that the build of this binary wrote.
std::filesystem::path default_codegen_report();

// Adds the subcommand, whose exit code is left in `exit_code`.
void add_codegen_command(CLI::App& app, int& exit_code,
                         const std::filesystem::path& report = default_codegen_report());

// The document for the record of `moat run`; if it cannot be read, null and the reason in
// `why_not`.
Json codegen_record(std::string& why_not,
                    const std::filesystem::path& report = default_codegen_report());

}  // namespace moat
