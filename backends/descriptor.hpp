// SPDX-License-Identifier: Apache-2.0
// What the backends' backend.cmake say, whether this build has them or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moat {

// How an object file holds device code.
enum class CodeFormat : std::uint8_t {
  none,
  fatbin,  // with assembly in it, and the assembler's report in a file beside it
  bundle,  // of code objects
};

struct BackendDescriptor {
  std::string name;
  CodeFormat code;
  std::string device_tests;           // whole names of tests, a regular expression
  std::vector<std::string> families;  // of a GPU
};

// By name.
const std::vector<BackendDescriptor>& backend_descriptors();

// Of one backend; `none` for a name that is no backend's.
CodeFormat code_format_of(const std::string& backend);

}  // namespace moat
