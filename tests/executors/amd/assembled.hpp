// SPDX-License-Identifier: Apache-2.0
// Kernels that tests write in assembly, assembled by LLVM and executed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/executors/amd/code_object.hpp"
#include "tests/executors/amd/instruction.hpp"
#include "tests/executors/amd/machine.hpp"

namespace moat::amdgcn {

// One kernel with one argument, the address of a buffer, in s[0:1] when it begins; block numbers
// are in s2 (gfx1100: s15). It has 256 bytes of LDS.
class Assembled {
 public:
  static constexpr int kWords = 4096;  // of the buffer

  // `body` is the kernel's text up to s_endpgm. `hidden` is the kind of a second argument of 4
  // bytes that nobody passes. Throws Fault if it cannot be assembled.
  Assembled(const std::string& architecture, const std::string& body,
            const std::string& hidden = "");

  // Runs `blocks` blocks of `threads` threads on the buffer. Throws Fault.
  std::uint64_t run(std::uint32_t threads, std::uint32_t blocks = 1);

  // The fault's message; empty if there is none.
  std::string fault(std::uint32_t threads, std::uint32_t blocks = 1);

  std::vector<std::uint32_t> buffer;
  std::uint64_t instruction_limit = 100'000;
  const Program& program() const { return *program_; }
  const CodeObject& object() const { return *object_; }

 private:
  std::unique_ptr<CodeObject> object_;
  std::unique_ptr<Program> program_;
};

}  // namespace moat::amdgcn
