// SPDX-License-Identifier: Apache-2.0
// Files of case names, with how often each occurs.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "problems/problem.hpp"

namespace moat {

struct FileCase {
  Problem problem;
  // How often it occurs. Empty in a file that says so of none of its cases; where it does of some,
  // each of the others occurs once.
  std::optional<double> weight{};
};

// A case's name a line, and a positive number behind it, or none; '#' begins a comment. Throws
// CaseError with `name` and the line for a line that is neither, a case that stands there already,
// and for a file without cases.
std::vector<FileCase> read_cases(std::istream& in, const std::string& name);

// The same of a file, or of standard input for "-".
std::vector<FileCase> read_case_file(const std::string& file);

}  // namespace moat
