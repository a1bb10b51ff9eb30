// SPDX-License-Identifier: Apache-2.0
// wgmma.mma_async.m64nNk16 and, of codes, m64nNk32 (PTX ISA, "Asynchronous Warpgroup Level Matrix
// Instructions: wgmma.mma_async").
#pragma once

#include <span>

#include "tests/emulator/shadow.hpp"
#include "tests/emulator/table.hpp"
#include "tests/emulator/warpgroup.hpp"

namespace moat::emulator {
class ThreadBlock;
}

namespace moat::emulator::ptx {

// "Matrix Fragments for wgmma.mma_async.m64nNk16": thread t of the warpgroup, element i.
constexpr Cell wgmma_left(int t, int i) {
  const int row = t / 32 * 16 + t % 32 / 4;
  const bool upper = i % 4 < 2;
  return {.row = row + (upper ? 0 : 8), .col = t % 4 * 2 + i % 2 + (i < 4 ? 0 : 8)};
}
// The same for m64nNk32, of 8-bit elements.
constexpr Cell wgmma_left_codes(int t, int i) {
  const int row = t / 32 * 16 + t % 32 / 4;
  const bool upper = i % 8 < 4;
  return {.row = row + (upper ? 0 : 8), .col = t % 4 * 4 + i % 4 + (i < 8 ? 0 : 16)};
}
constexpr Cell wgmma_acc(int t, int i) {
  const int row = t / 32 * 16 + t % 32 / 4;
  const bool upper = i % 4 < 2;
  return {.row = row + (upper ? 0 : 8), .col = i / 4 * 8 + t % 4 * 2 + i % 2};
}

// Computes one instruction of the 128 lanes; `access` is that of its reads of shared memory.
void wgmma(ThreadBlock& block, const Lane& first, std::span<Wgmma* const> lanes,
           const Access& access);

}  // namespace moat::emulator::ptx
