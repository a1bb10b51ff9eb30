// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace moat::amdgcn {

// The ranges of this process's memory that kernels may touch. Addresses are the process's own.
class GlobalMemory {
 public:
  void add(const void* begin, std::size_t bytes);
  void remove(const void* begin);

  // Whether all of the bytes lie in one range.
  bool contains(std::uint64_t address, std::uint64_t bytes) const {
    if (address - last_.begin < last_.bytes && bytes <= last_.bytes - (address - last_.begin)) {
      return true;
    }
    return find(address, bytes);
  }

 private:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
  };

  bool find(std::uint64_t address, std::uint64_t bytes) const;

  std::map<std::uint64_t, std::uint64_t> bytes_;  // by begin
  mutable Range last_;
};

}  // namespace moat::amdgcn
