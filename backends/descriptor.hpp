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
  struct Family {
    std::string name;
    std::vector<std::string> serves;  // architectures whose names begin so, and no earlier family's
  };

  std::string name;
  CodeFormat code;
  std::string device_tests;      // whole names of tests, a regular expression
  std::string interpreted;       // what tests/executors executes: "machine code" or text before it; or empty
  std::vector<Family> families;  // of a GPU
};

// By name.
const std::vector<BackendDescriptor>& backend_descriptors();

// Of one backend; `none` for a name that is no backend's.
CodeFormat code_format_of(const std::string& backend);

}  // namespace moat
