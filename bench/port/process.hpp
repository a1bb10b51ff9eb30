// SPDX-License-Identifier: Apache-2.0
// Runs another program and keeps what it printed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moat {

struct ProcessResult {
  int exit_code = 0;  // 128 + the signal's number if one ended it
  std::string out;
  std::string err;
};

// Runs `arguments[0]`, looked up in PATH, in `directory`, with an empty standard input. Throws
// std::runtime_error, naming the program, if it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments,
                          const std::filesystem::path& directory);

}  // namespace moat
