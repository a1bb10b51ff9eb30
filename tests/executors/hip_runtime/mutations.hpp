// SPDX-License-Identifier: Apache-2.0
// Small faults in machine code: what a compiler, or a programmer of inline assembly, gets wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/executors/hip_runtime/interpreter.hpp"

namespace moat::hip_runtime {

struct Mutation {
  std::string kind;  // "wait removed"
  std::string text;  // of the instruction
  Patch patch;
  // Of a wait: it ended operations that no wait right behind it ends, and without it their order is
  // another, whatever the result is.
  bool changes_order = false;
};

// The mutations of the instructions that a launch executed, by kind in the order of the code:
//   wait removed        s_waitcnt becomes s_nop
//   wait raised         one of its counts lets one more operation be under way
//   LDS offset shifted  by one element
//   lane mask flipped   a comparison of lanes negated, or the other side of a branch
//   descriptor changed  the constant word of a buffer's descriptor
std::vector<Mutation> mutations(const std::string& kernel, const Executed& executed,
                                std::string_view architecture);

}  // namespace moat::hip_runtime
