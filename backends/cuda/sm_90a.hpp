// SPDX-License-Identifier: Apache-2.0
// What sm_90a says to the tile layer (backends/simt/atoms.hpp), and the products of warpgroups that
// the consumers of warp specialisation use (backends/simt/warp_specialized.hpp).
#pragma once

#include <type_traits>

#include "backends/cuda/sm_80.hpp"
#include "backends/simt/fragment.hpp"
#include "backends/simt/tma.hpp"
#include "problems/codes.hpp"

namespace moat::cuda {

// Products of a warpgroup on codes of 8 bits: twice as many a step, sums as of f16 (PTX ISA,
// "Register fragments for wgmma.mma_async.m64nNk32": D).
template <class Isa>
struct CodesAtom {
  static constexpr int m = 16;
  static constexpr int n = 8;
  static constexpr int k = 32;
  using Acc = typename MmaAtom<Isa, f16>::Acc;
};

template <class Isa, class T>
struct GroupMatrixOf {
  using type = MmaAtom<Isa, T>;
};
template <class Isa>
struct GroupMatrixOf<Isa, e4m3> {
  using type = CodesAtom<Isa>;
};

template <class Isa>
struct Sm90a : Sm80<Isa> {
  // Four consecutive warps multiply together, 64 rows.
  static constexpr int kGroupWaves = 4;
  static constexpr int kGroupRows = 64;

  // A warp holds sixteen rows of a warpgroup's product as of its own (PTX ISA, "Register fragments
  // for wgmma.mma_async.m64nNk16": D and A).
  template <class T>
  using GroupMatrix = typename GroupMatrixOf<Isa, T>::type;

  // Of a panel of boxes from `offset` bytes on (PTX ISA, "Matrix descriptor"): 128-byte swizzle;
  // eight rows of a box are one unit, `kLeading` bytes apart along a row of the matrix where the
  // contraction runs down the rows.
  template <int kLeadingBytes>
  static MOAT_FN std::uint64_t descriptor(const void* panel, int offset) {
    constexpr std::uint64_t kSwizzle128 = std::uint64_t{1} << 62;
    constexpr std::uint64_t kStride = std::uint64_t{simt::kBoxAlignment / 16} << 32;
    constexpr std::uint64_t kLeading = std::uint64_t{kLeadingBytes / 16} << 16;
    const auto address = static_cast<unsigned>(Isa::shared_address(panel)) + offset;
    return kSwizzle128 | kStride | kLeading | (address & 0x3ffffu) >> 4;
  }

  // Bytes from the beginning of a panel to column `col` of its first row.
  template <class P>
  static constexpr MOAT_SHARED_FN int column_offset(int col) {
    return col / P::kBoxCols * P::kBoxBytes + col % P::kBoxCols * int{sizeof(typename P::Value)};
  }

  // c = left · right, + c if it `adds`, which only products of codes may leave out, for the 64 rows
  // of `left` from first_row on. The product runs on until wgmma_wait: until then nothing may touch
  // c or a left operand in registers.
  template <int kN, class L, class R>
  static MOAT_FN void group_multiply(float (&c)[kN / 2], const L& left, const R& right,
                                     int first_row, bool adds = true) {
    using T = typename R::Value;
    constexpr int k = GroupMatrix<T>::k;
    constexpr bool kDownRows = !R::kAlongRows;
    static_assert(L::k == R::k && L::k % k == 0);
    static_assert(std::is_same_v<typename L::Value, T>, "both sides are read as the same type");
    const std::uint64_t b = descriptor<kDownRows ? R::kBoxBytes : 16>(right.data, 0);
    const auto step_b = [](int step) {
      return static_cast<std::uint64_t>(
          (kDownRows ? step * k * simt::kBoxRowBytes : column_offset<R>(step * k)) >> 4);
    };
    if constexpr (requires { left.words; }) {
      Isa::wgmma_fence();
      simt::unroll<L::k / k>([&](auto step) {
        Isa::template wgmma<T, kN, kDownRows>(c, left.words[step], b + step_b(step));
      });
    } else {
      const std::uint64_t a = descriptor<16>(left.data, first_row * simt::kBoxRowBytes);
      Isa::wgmma_fence();
      simt::unroll<L::k / k>([&](auto step) {
        const std::uint64_t a_step =
            a + static_cast<std::uint64_t>(column_offset<L>(step * k) >> 4);
        if constexpr (Float8<T>) {
          static_assert(!kDownRows, "codes are multiplied along the rows of both sides");
          Isa::template wgmma<T, kN>(c, a_step, b + step_b(step), adds || step > 0);
        } else {
          Isa::template wgmma<T, kN, kDownRows>(c, a_step, b + step_b(step));
        }
      });
    }
    Isa::wgmma_commit();
  }
};

}  // namespace moat::cuda
