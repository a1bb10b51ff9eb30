// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's machine code (SASS) says of how a kernel's exponentials lie.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace moat::codegen {

// Static counts: an instruction in a loop counts once.
struct Exponentials {
  int all = 0;     // MUFU.EX2
  int hidden = 0;  // of those, the ones between the wait for a warpgroup's older products and the
                   // wait for those that run on meanwhile (WARPGROUP.DEPBAR)
  // Those behind the latter wait and before the next product, as nvdisasm prints them.
  std::vector<std::string> late = {};
  // What exp2f does besides, so that subnormal results survive: comparisons with -126, and
  // predicated products that halve the argument and square the result.
  std::vector<std::string> rescues = {};
};

// Mangled name of the kernel → its exponentials, from the output of nvdisasm -c.
std::map<std::string, Exponentials> read_sass(std::string_view text);

}  // namespace moat::codegen
