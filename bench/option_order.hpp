// SPDX-License-Identifier: Apache-2.0
// Options stand after the command that has them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace moat {

// What is wrong with an option that stands before its command, and how the line reads right; "" if
// none does. The parser takes such an option for an unknown one, or for the outer command's of the
// same name, which would go unheeded.
std::string misplaced_option(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace moat
