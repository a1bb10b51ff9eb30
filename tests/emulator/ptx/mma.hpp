// SPDX-License-Identifier: Apache-2.0
// Fragments of mma.sync (PTX ISA 9.2, section 9.7.14.5).
#pragma once

#include "tests/emulator/table.hpp"

namespace moat::emulator::ptx {

// The ISA's groupID and threadID_in_group.
constexpr int group(int lane) { return lane / 4; }
constexpr int in_group(int lane) { return lane % 4; }

// "Matrix Fragments for mma.m16n8k16 with floating point type", .f16 and .bf16.
struct MmaM16N8K16 {
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 16;
  static constexpr int kLanes = 32;
  static constexpr int kLeft = 8;
  static constexpr int kRight = 4;
  static constexpr int kAcc = 4;

  static constexpr Cell left(int lane, int i) {
    const bool upper = i < 2 || (i >= 4 && i < 6);
    return {.row = group(lane) + (upper ? 0 : 8),
            .col = in_group(lane) * 2 + (i & 1) + (i < 4 ? 0 : 8)};
  }
  static constexpr Cell right(int lane, int i) {
    return {.row = in_group(lane) * 2 + (i & 1) + (i < 2 ? 0 : 8), .col = group(lane)};
  }
  static constexpr Cell acc(int lane, int i) {
    return {.row = group(lane) + (i < 2 ? 0 : 8), .col = in_group(lane) * 2 + (i & 1)};
  }
};

// "Matrix Fragments for mma.m16n8k8", .tf32.
struct MmaM16N8K8 {
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 8;
  static constexpr int kLanes = 32;
  static constexpr int kLeft = 4;
  static constexpr int kRight = 2;
  static constexpr int kAcc = 4;

  static constexpr Cell left(int lane, int i) {
    return {.row = group(lane) + (i == 0 || i == 2 ? 0 : 8),
            .col = in_group(lane) + (i < 2 ? 0 : 4)};
  }
  static constexpr Cell right(int lane, int i) {
    return {.row = in_group(lane) + (i == 0 ? 0 : 4), .col = group(lane)};
  }
  static constexpr Cell acc(int lane, int i) { return MmaM16N8K16::acc(lane, i); }
};

}  // namespace moat::emulator::ptx
