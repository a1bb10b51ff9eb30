// SPDX-License-Identifier: Apache-2.0
// Fragments of RDNA3's matrix instructions, waves of 32 lanes ("RDNA3" Instruction Set
// Architecture, "Wave Matrix Multiply Accumulate (WMMA)"). Modular's get_rdna_fragment_layout and
// llama.cpp's ggml-cuda/mma.cuh have the same positions for the accumulator.
#pragma once

#include "tests/emulator/table.hpp"

namespace moat::emulator::amd {

// V_WMMA_F32_16X16X16_F16 and _BF16: lane l holds row l % 16 of A and column l % 16 of B; lanes 16
// to 31 must hold the same as lanes 0 to 15.
struct Wmma16x16x16 {
  static constexpr int m = 16;
  static constexpr int n = 16;
  static constexpr int k = 16;
  static constexpr int kLanes = 32;
  static constexpr int kLeft = 16;
  static constexpr int kRight = 16;
  static constexpr int kAcc = 8;
  static constexpr int kReplicated = 16;  // lanes that the others repeat

  static constexpr Cell left(int lane, int i) { return {.row = lane % 16, .col = i}; }
  static constexpr Cell right(int lane, int i) { return {.row = i, .col = lane % 16}; }
  static constexpr Cell acc(int lane, int i) {
    return {.row = 2 * i + lane / 16, .col = lane % 16};
  }
};

}  // namespace moat::emulator::amd
