// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace moat::amdgcn {

// What a kernel did wrong, or what the executor cannot execute. The message of one that a launch
// throws names kernel, instruction, block and wave.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace moat::amdgcn
