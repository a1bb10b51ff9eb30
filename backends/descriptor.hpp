// SPDX-License-Identifier: Apache-2.0
// What the backends' backend.cmake say, whether this build has them or not.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "backends/known_device.hpp"
#include "code_formats.hpp"

namespace moat {

struct BackendDescriptor {
  struct Family {
    std::string name;
    std::vector<std::string> serves;  // architectures whose names begin so, and no earlier family's
  };

  std::string name;
  CodeFormat code;
  std::string counted_in;        // what `moat codegen` counts instructions in; empty for `none`
  std::string device_tests;      // whole names of tests, a regular expression
  std::string interpreted;       // what tests/executors executes: "machine code" or text before it; or empty
  std::vector<Family> families;  // of a GPU
  std::span<const KnownDevice> devices{};  // known_devices.hpp: for which launches can be planned
};

// By name.
const std::vector<BackendDescriptor>& backend_descriptors();

// Of one backend. Throws std::out_of_range for a name that is no backend's.
const BackendDescriptor& backend_descriptor(const std::string& name);

}  // namespace moat
