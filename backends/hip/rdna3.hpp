// SPDX-License-Identifier: Apache-2.0
// What RDNA 3 GPUs (gfx11) say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include <cstdint>
#include <type_traits>

#include "backends/hip/lds.hpp"
#include "backends/simt/fma.hpp"

namespace moat::hip {

// v_wmma_f32_16x16x16. Its operands are swapped as those of Cdna's atoms are, and the columns
// numbered so that a lane's accumulator is half a row. Both halves of the wave hold the operands.
template <class Isa, class T>
struct Wmma {
  static constexpr int m = 16;
  static constexpr int n = 16;
  static constexpr int k = 16;
  using Element = T;
  static constexpr bool kUnrolled = true;

  struct Left {
    static constexpr int kRegisters = 16;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 16, .col = r};
    }
  };
  struct Right {
    static constexpr int kRegisters = 16;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = r, .col = lane % 2 * 8 + lane % 16 / 2};
    }
  };
  struct Acc {
    static constexpr int kRegisters = 8;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 16, .col = lane / 16 * 8 + r};
    }
  };

  static MOAT_FN void multiply(float (&c)[8], const std::uint32_t (&a)[8],
                               const std::uint32_t (&b)[8]) {
    Isa::template wmma_16x16x16<T>(c, b, a);
  }
};

template <class Isa>
struct Rdna3 : Isa {
  template <int kRows, int kRowBytes>
  using Layout = LdsLayout<kRows, kRowBytes>;
  template <class T>
  using Matrix = std::conditional_t<sizeof(T) == 4, simt::FmaAtom<Isa::kWaveWidth>, Wmma<Isa, T>>;

  // OOB_SELECT 3: a raw buffer, whose range is checked in bytes (RDNA3 ISA, "Buffer Resource
  // Descriptor").
  static MOAT_FN simt::Words<16> load_in_range(const void* base, unsigned bytes, unsigned offset) {
    return Isa::template buffer_load<0x31027000>(base, bytes, offset);
  }
};

}  // namespace moat::hip
