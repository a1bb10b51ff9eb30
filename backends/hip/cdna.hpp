// SPDX-License-Identifier: Apache-2.0
// What CDNA GPUs (gfx90a, gfx942) say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include <cstdint>
#include <type_traits>

#include "backends/hip/lds.hpp"
#include "backends/simt/atoms.hpp"

namespace moat::hip {

// The atoms give the right operand to the instruction as its first and the left one as its second:
// the instruction computes the transposed product, of which a lane holds a part of one row, and
// that part is what the lane must hold of a left operand. Contractions may run in any order and
// columns may be numbered freely, so that each lane's part is contiguous.

// Four v_mfma_f32_16x16x16, two halves of the columns by two halves of k.
template <class Isa, class T>
struct Mfma16 {
  static constexpr int m = 16;
  static constexpr int n = 32;
  static constexpr int k = 32;
  using Element = T;
  static constexpr bool kUnrolled = true;

  struct Left {
    static constexpr int kRegisters = 8;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 16, .col = lane / 16 * 8 + r};
    }
  };
  struct Right {
    static constexpr int kRegisters = 16;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane / 16 * 8 + r % 8, .col = lane % 16 / 4 * 8 + r / 8 * 4 + lane % 4};
    }
  };
  using Acc = Left;

  static MOAT_FN void multiply(float (&c)[8], const std::uint32_t (&a)[4],
                               const std::uint32_t (&b)[8]) {
    MOAT_UNROLL
    for (int half = 0; half < 2; ++half) {
      float sum[4];
      MOAT_UNROLL
      for (int i = 0; i < 4; ++i) sum[i] = c[4 * half + i];
      MOAT_UNROLL
      for (int step = 0; step < 2; ++step) {
        const std::uint32_t left[] = {a[2 * step], a[2 * step + 1]};
        const std::uint32_t right[] = {b[4 * half + 2 * step], b[4 * half + 2 * step + 1]};
        Isa::template mfma_16x16x16<T>(sum, right, left);
      }
      MOAT_UNROLL
      for (int i = 0; i < 4; ++i) c[4 * half + i] = sum[i];
    }
  }
};

// Four v_mfma_f32_16x16x4.
template <class Isa>
struct Mfma32 {
  static constexpr int m = 16;
  static constexpr int n = 16;
  static constexpr int k = 16;
  using Element = float;
  static constexpr bool kUnrolled = true;

  struct Left {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 16, .col = lane / 16 * 4 + r};
    }
  };
  struct Right {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane / 16 * 4 + r, .col = lane % 16};
    }
  };
  using Acc = Left;

  static MOAT_FN void multiply(float (&c)[4], const float (&a)[4], const float (&b)[4]) {
    MOAT_UNROLL
    for (int i = 0; i < 4; ++i) Isa::mfma_16x16x4(c, b[i], a[i]);
  }
};

template <class Isa>
struct Cdna : Isa {
  // The XCDs of MI300X and MI350X, with an L2 each (AMD CDNA 3 white paper), to which workgroups go
  // in turn (ROCm, composable_kernel, pull request 3652). MI300A and partitions have fewer, of
  // which each then works in several places.
#ifdef __gfx90a__
  static constexpr int kDies = 1;
#else
  static constexpr int kDies = 8;
#endif
  template <int kRows, int kRowBytes>
  using Layout = LdsLayout<kRows, kRowBytes>;
  template <class T>
  using Matrix = std::conditional_t<sizeof(T) == 4, Mfma32<Isa>, Mfma16<Isa, T>>;

  // A raw buffer (stride 0) of DATA_FORMAT 32, NUM_FORMAT FLOAT (CDNA3 ISA, "Buffer Resource
  // Descriptor"); without a format it counts as unbound.
  static MOAT_FN simt::Words<16> load_in_range(const void* base, unsigned bytes, unsigned offset) {
    return Isa::template buffer_load<0x00027000>(base, bytes, offset);
  }
};

}  // namespace moat::hip
