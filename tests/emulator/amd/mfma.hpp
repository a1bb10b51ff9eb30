// SPDX-License-Identifier: Apache-2.0
// Fragments of CDNA's matrix instructions, waves of 64 lanes (AMD Instinct MI300 "CDNA3"
// Instruction Set Architecture, "Matrix Arithmetic Instructions"; AMD matrix instruction
// calculator). llama.cpp's ggml-cuda/mma.cuh has the same positions for A and C.
#pragma once

#include "tests/emulator/table.hpp"

namespace moat::emulator::amd {

// V_MFMA_F32_16X16X16_F16 and V_MFMA_F32_16X16X16_BF16(_1K): lane l holds four contraction
// indices, from 4 · (l / 16) on, of row or column l % 16.
struct Mfma16x16x16 {
  static constexpr int m = 16;
  static constexpr int n = 16;
  static constexpr int k = 16;
  static constexpr int kLanes = 64;
  static constexpr int kLeft = 4;
  static constexpr int kRight = 4;
  static constexpr int kAcc = 4;

  static constexpr Cell left(int lane, int i) {
    return {.row = lane % 16, .col = 4 * (lane / 16) + i};
  }
  static constexpr Cell right(int lane, int i) {
    return {.row = 4 * (lane / 16) + i, .col = lane % 16};
  }
  static constexpr Cell acc(int lane, int i) {
    return {.row = 4 * (lane / 16) + i, .col = lane % 16};
  }
};

// V_MFMA_F32_16X16X4_F32.
struct Mfma16x16x4 {
  static constexpr int m = 16;
  static constexpr int n = 16;
  static constexpr int k = 4;
  static constexpr int kLanes = 64;
  static constexpr int kLeft = 1;
  static constexpr int kRight = 1;
  static constexpr int kAcc = 4;

  static constexpr Cell left(int lane, int /*i*/) { return {.row = lane % 16, .col = lane / 16}; }
  static constexpr Cell right(int lane, int /*i*/) { return {.row = lane / 16, .col = lane % 16}; }
  static constexpr Cell acc(int lane, int i) { return Mfma16x16x16::acc(lane, i); }
};

}  // namespace moat::emulator::amd
