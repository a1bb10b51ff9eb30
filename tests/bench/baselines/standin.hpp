// SPDX-License-Identifier: Apache-2.0
// What a test sets and sees of a stand-in for a library of GPUs. The stand-ins do on host
// memory what the libraries' documents say, from their arguments alone, and share no declaration
// with the code that calls them.
#pragma once

#include <cstddef>
#include <string>

namespace standin {

struct State {
  int major = 0;
  int minor = 0;
  int patch = 0;
  // The function that fails, and its status.
  std::string failing{};
  int status = 0;
  bool no_algorithm = false;
  bool sums_in_operands_type = false;

  // Seen.
  void* stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  std::size_t workspace_limit = 0;
  int live = 0;  // handles and descriptors that were not destroyed
  int solved = 0;
  int moved = 0;  // matrices that were copied into another order
};

}  // namespace standin

// Each stand-in has its own.
extern "C" standin::State* standin_state();
