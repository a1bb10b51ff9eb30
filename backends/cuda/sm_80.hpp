// SPDX-License-Identifier: Apache-2.0
// What sm_80 and newer say to the tile layer (backends/simt/atoms.hpp).
#pragma once

#include <cstdint>

#include "backends/cuda/split.hpp"
#include "backends/simt/fma.hpp"

namespace moat::cuda {

// mma.sync.m16n8k16 on f16 or bf16 (PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point
// type").
template <class Isa, class T>
struct MmaAtom {
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 16;
  using Element = T;
  static constexpr bool kUnrolled = true;

  struct Left {
    static constexpr int kRegisters = 8;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane / 4 + r / 2 % 2 * 8, .col = lane % 4 * 2 + r % 2 + r / 4 * 8};
    }
  };
  struct Right {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 4 * 2 + r % 2 + r / 2 * 8, .col = lane / 4};
    }
  };
  struct Acc {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane / 4 + r / 2 * 8, .col = lane % 4 * 2 + r % 2};
    }
  };

  static MOAT_FN void multiply(float (&c)[4], const std::uint32_t (&a)[4],
                               const std::uint32_t (&b)[2]) {
    Isa::template mma_m16n8k16<T>(c, a, b);
  }
};

// mma.sync.m16n8k8 on f32 values that are split in two of TF32 (PTX ISA, "Matrix fragments for
// mma.m16n8k8").
template <class Isa>
struct SplitAtom {
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 8;
  // Split fragments of several steps would not fit the registers.
  static constexpr bool kUnrolled = false;

  struct Element {
    std::uint32_t high;
    std::uint32_t low;
  };
  static MOAT_FN Element element(float x) {
    const std::uint32_t high = Isa::to_tf32(x);
    return {.high = high, .low = Isa::to_tf32(x - __builtin_bit_cast(float, high))};
  }

  struct Left {
    static constexpr int kRegisters = 4;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane / 4 + r % 2 * 8, .col = lane % 4 + r / 2 * 4};
    }
  };
  struct Right {
    static constexpr int kRegisters = 2;
    static constexpr MOAT_SHARED_FN simt::Position at(int lane, int r) {
      return {.row = lane % 4 + r * 4, .col = lane / 4};
    }
  };
  using Acc = typename MmaAtom<Isa, f16>::Acc;

  // The small terms first. Matrix instructions truncate when they add, so that the sum of all steps
  // is left to additions that round (Ootomo and Yokota 2022).
  static MOAT_FN void multiply(float (&c)[4], const Element (&a)[4], const Element (&b)[2]) {
    const std::uint32_t a_high[4] = {a[0].high, a[1].high, a[2].high, a[3].high};
    const std::uint32_t a_low[4] = {a[0].low, a[1].low, a[2].low, a[3].low};
    const std::uint32_t b_high[2] = {b[0].high, b[1].high};
    const std::uint32_t b_low[2] = {b[0].low, b[1].low};
    float step[4] = {};
    Isa::mma_m16n8k8_tf32(step, a_low, b_high);
    Isa::mma_m16n8k8_tf32(step, a_high, b_low);
    Isa::mma_m16n8k8_tf32(step, a_high, b_high);
    MOAT_UNROLL
    for (int i = 0; i < 4; ++i) c[i] += step[i];
  }
};

template <class Isa, class T>
struct MatrixOf {
  using type = MmaAtom<Isa, T>;
};
template <class Isa>
struct MatrixOf<Isa, float> {
  using type = simt::FmaAtom<Isa::kWaveWidth>;
};
template <class Isa>
struct MatrixOf<Isa, SplitF32> {
  using type = SplitAtom<Isa>;
};

template <class Isa>
struct Sm80 : Isa {
  template <class T>
  using Matrix = typename MatrixOf<Isa, T>::type;
};

}  // namespace moat::cuda
