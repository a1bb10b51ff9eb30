// SPDX-License-Identifier: Apache-2.0
// A device of any backend's name, in host memory, that solves nothing.
#pragma once

#include <string>

#include "tests/support/host_memory.hpp"

namespace moat {

class NamedDevice final : public HostMemory {
 public:
  explicit NamedDevice(const std::string& backend, int compute_units = 2) {
    info_.backend = backend;
    info_.name = "named " + backend;
    info_.compute_units = compute_units;
  }

  void run(const Problem&) override { throw DeviceError("the named device has no kernels"); }
};

}  // namespace moat
