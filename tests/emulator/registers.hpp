// SPDX-License-Identifier: Apache-2.0
// setmaxnreg: warpgroups that hand registers to each other (PTX ISA, "setmaxnreg").
#pragma once

#include <cstddef>
#include <vector>

#include "tests/emulator/operation.hpp"

namespace moat::emulator {

class ThreadBlock;

class Registers {
 public:
  // Of a multiprocessor, which the block has to itself.
  static constexpr int kTotal = 64 << 10;

  // At the beginning lanes have equal shares.
  explicit Registers(int lanes);

  // The current lane's registers become `count`; more are waited for until others gave them up.
  void change(ThreadBlock& block, int count, bool more, const Operation& operation);

  // All lanes of a warpgroup must have the same number when the block ends.
  void finish(const ThreadBlock& block) const;

  int used() const { return used_; }

 private:
  std::vector<int> lanes_;
  int used_;
  Operation last_{};
};

}  // namespace moat::emulator
