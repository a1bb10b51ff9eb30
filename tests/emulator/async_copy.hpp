// SPDX-License-Identifier: Apache-2.0
// cp.async: copies of a lane that arrive no sooner than it waits for them (PTX ISA, "Data Movement
// and Conversion Instructions: Asynchronous copy", non-bulk).
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "tests/emulator/operation.hpp"

namespace moat::emulator {

class ThreadBlock;
struct Lane;

class AsyncCopies {
 public:
  static constexpr std::size_t kBytes = 16;

  explicit AsyncCopies(std::size_t lanes) : lanes_(lanes) {}

  // For the current lane. Memory is read and written in `wait` only.
  void copy(ThreadBlock& block, void* to, const void* from, int valid_bytes,
            const Operation& operation);
  void commit(ThreadBlock& block);
  // At most `pending` groups stay under way.
  void wait(ThreadBlock& block, int pending);

 private:
  struct Copy {
    void* to;
    const void* from;
    std::size_t valid_bytes;
    OperationId operation;
  };
  using Group = std::vector<Copy>;
  struct Copies {
    Group open;
    std::deque<Group> committed;
  };

  Copies& of(const Lane& lane);

  std::vector<Copies> lanes_;
};

}  // namespace moat::emulator
