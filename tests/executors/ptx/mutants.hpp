// SPDX-License-Identifier: Apache-2.0
// A kernel's PTX with one thing changed that a compiler, or a person, could have got wrong.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

struct Mutant {
  std::string what;  // "removed", "one group less waited for", "phase flipped", …
  std::string at;    // "line 417: `bar.sync 0;`"
  bool orders;       // it changes an order, or a count of what is waited for
  std::string text;  // of the entry
};

// Of the instructions that were executed (`visits`, by number), at most `most` of each kind of
// change and of operation, spread evenly over the kernel.
std::vector<Mutant> mutants(const Kernel& kernel, std::string_view entry,
                            std::span<const u32> visits, std::size_t most);

}  // namespace moat::ptx
