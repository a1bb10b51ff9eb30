// SPDX-License-Identifier: Apache-2.0
// Runs a kernel that a test writes down.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/executors/ptx/launch.hpp"

namespace moat::ptx {

inline std::string module_of(const std::string& body, const std::string& parameters) {
  return ".version 9.0\n.target sm_90a\n.address_size 64\n"
         ".extern .shared .align 1024 .b8 arena[];\n"
         ".visible .entry test(" +
         parameters +
         ")\n{\n.reg .pred %p<20>;\n.reg .b16 %rs<20>;\n.reg .b32 %r<40>;\n.reg .f32 %f<200>;\n"
         ".reg .b64 %rd<20>;\n" +
         body + "\nret;\n}\n";
}

// Global memory and a kernel with one parameter, the address of `words`; %rd1 holds it.
struct Harness {
  explicit Harness(std::size_t words)
      : data(static_cast<u32*>(memory.allocate(words * sizeof(u32)))) {}
  // What the host writes.
  void fill(std::size_t count, u32 first = 0) {
    for (std::size_t i = 0; i < count; ++i) data[i] = first + static_cast<u32>(i);
    memory.find(reinterpret_cast<u64>(data), 1)->mark(0, count * sizeof(u32));
  }
  Counts run(const std::string& body, Shape shape = {}) {
    Module module(module_of("ld.param.u64 %rd1, [p];\n" + body, ".param .u64 p"));
    const u64 address = reinterpret_cast<u64>(data);
    const void* const parameters[] = {&address};
    return launch(*module.find("test"), shape, parameters, memory);
  }

  GlobalMemory memory;
  u32* data;
};

// %rd2: the address of the lane's own word; %r1: its number in the block.
inline const std::string kOwnWord =
    "mov.u32 %r1, %tid.x;\nmul.wide.u32 %rd2, %r1, 4;\nadd.s64 %rd2, %rd1, %rd2;\n";

}  // namespace moat::ptx
