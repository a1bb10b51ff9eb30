// SPDX-License-Identifier: Apache-2.0
// --cpu, which says whose kernels the CPU backend runs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace moat {

// Adds --cpu SET to a command that opens devices, in a group of its help. The set is chosen when
// the option is read; one that this build or processor does not have is a UsageError that names
// those that there are.
void add_cpu_option(CLI::App& command, const std::string& group);

}  // namespace moat
