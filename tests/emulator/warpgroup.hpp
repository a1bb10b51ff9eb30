// SPDX-License-Identifier: Apache-2.0
// wgmma: products of four waves that are computed when they are waited for (PTX ISA, "Asynchronous
// Warpgroup Level Matrix Multiply-Accumulate Instructions").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/operation.hpp"

namespace moat::emulator {

class ThreadBlock;
struct Lane;

enum class WgmmaType : std::uint8_t { f16, bf16, e4m3, e5m2 };

// m64n<n>k16, of codes k32; `n_major`: B is stored transposed; A comes from registers or by a
// descriptor; `adds`: to the accumulators, else the product replaces them.
struct WgmmaShape {
  WgmmaType type;
  int n;
  bool n_major;
  bool a_in_registers;
  bool adds = true;

  bool operator==(const WgmmaShape&) const = default;
};

// One lane's part of an instruction.
struct Wgmma {
  WgmmaShape shape;
  float* c;  // n / 2 accumulators, read and written when the product is computed
  std::array<std::uint32_t, 4> a_registers{};
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  OperationId operation = 0;
  // What the lane knew, of the first lane of each wave.
  VectorClock clock{};
  // The accumulators at the time, unless another product under way writes them.
  std::vector<float> before{};
};

class Warpgroups {
 public:
  explicit Warpgroups(int lanes);

  // For the current lane.
  void fence(ThreadBlock& block, const Operation& operation);
  void issue(ThreadBlock& block, Wgmma wgmma, const Operation& operation);
  void commit(ThreadBlock& block, const Operation& operation);
  // At most `pending` groups stay under way.
  void wait(ThreadBlock& block, int pending, const Operation& operation);

 private:
  struct Issues {
    std::deque<Wgmma> wgmmas;
    std::deque<std::size_t> groups;  // instructions in each committed group
    std::size_t open = 0;            // instructions not committed
    std::uint64_t committed = 0;     // groups so far
    bool fenced = false;
  };
  struct Warpgroup {
    std::uint64_t computed = 0;  // groups
  };

  // Of the four waves that the lane belongs to; a fault if the block has no such four.
  std::size_t of(ThreadBlock& block, const Lane& lane, const Operation& operation) const;
  std::uint64_t committed_by_all(std::size_t warpgroup) const;
  void compute_group(ThreadBlock& block, std::size_t warpgroup);

  std::vector<Issues> lanes_;
  std::vector<Warpgroup> warpgroups_;
};

}  // namespace moat::emulator
