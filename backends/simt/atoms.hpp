// SPDX-License-Identifier: Apache-2.0
// What an architecture must say for the tile layer to work on it.
//
// An `Atoms` type has these static members. Functions run on the device, in one lane.
//
//   kWaveWidth                     lanes that run in step
//   lane(), wave()                 lane within its wave, wave within its block
//   block(), blocks()              block within its grid, size of the grid
//   opaque(x)                      x, an int, such that the compiler computes what depends on it
//                                  where it stands and keeps no register for it meanwhile
//   same_in_wave(x)                x, an int that is the same in all lanes of a wave, as the compiler
//                                  then knows
//   aside(x)                       x, a number or a pointer, the same in all lanes, which is not
//                                  needed before a product ends: where it is in the way least
//   barrier()                      all lanes of the block wait for each other; what they stored to
//                                  any memory is visible to the block afterwards
//   fence()                        what this lane stored, and what it knows of by barrier() and
//                                  syncwarp(), is visible to the device before what it stores later,
//                                  and it loads later what others made visible before; sequentially
//                                  consistent among fences
//   syncwarp()                     the lanes of a wave wait for each other; what they stored to any
//                                  memory is visible to the wave afterwards
//   atomic_add(unsigned* p, v)     returns what *p was; device scope
//   shuffle_xor(x, mask)           x of lane ^ mask; x is a float, an int or a std::int64_t
//   shuffle(x, source)             x of lane `source`
//   widen(x)                       float of a float, f16 or bf16
//   narrow<T>(x)                   T of a float, round to nearest even
//   exp2, log2, rsqrt, max         of floats; max passes over NaN
//   load_global<V>(p), store_global<V>(p, v), load_shared<V>(p), store_shared<V>(p, v)
//                                  one access of sizeof(V) bytes, which p is aligned to
//   Matrix<T>                      the matrix atom for operands of T
//
// A matrix atom multiplies an m × k by a k × n fragment that one wave holds and adds them to an
// m × n fragment of f32:
//
//   m, n, k
//   Element                        what Left and Right are made of: T, float if the atom wants them
//                                  widened, or a type that Matrix::element(T) makes
//   Left, Right, Acc               fragments: kRegisters (elements per lane) and at(lane, register)
//                                  → Position, a constexpr function
//   multiply(float (&c)[], const Word<Element> (&a)[], const Word<Element> (&b)[])
//                                  16-bit elements lie in pairs in a word
//   kUnrolled                      whether the steps of a product are unrolled; not where an atom
//                                  is many instructions
//
// These are used where they exist:
//   cp_async(to, from, valid), cp_async_commit(), cp_async_wait<pending>()
//                                  16 bytes from global to shared memory, of which those from
//                                  `valid` on become 0; the lane goes on
//   ldmatrix<count, transposed>(std::uint32_t (&r)[count], row)
//                                  8 × 16-byte matrices from shared memory: lane l holds word l % 4
//                                  of row l / 4, transposed the rows 2·(l % 4) and + 1 of column
//                                  l / 4; `row` is row l % 8 of matrix l / 8
//   load_in_range(base, bytes, offset)
//                                  16 bytes of global memory at base + offset; 0 where offset ≥
//                                  bytes. All are multiples of 16, bytes and offset at most 2³¹;
//                                  base and bytes are the same in all lanes of a wave
//   pack<T>(lower, upper)          two floats rounded to T, as a word
//   kDies                          dies of a device that have an L2 of their own, to which blocks
//                                  go in turn
//   Layout<rows, row bytes>        of panels (backends/simt/layout.hpp)
//
// From `at` the tile layer derives loads, stores, row reductions and how an accumulator becomes a
// left operand; if Acc and Left agree that costs no exchange between lanes.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "problems/dtype.hpp"

// Arrays that live in registers are indexed in unrolled loops only. A host compiler, which runs the
// tile layer in tests, does not need to.
#ifdef MOAT_DEVICE_COMPILER
#define MOAT_PRAGMA(text) _Pragma(#text)
#define MOAT_UNROLL MOAT_PRAGMA(unroll)
#define MOAT_UNROLL_BY(count) MOAT_PRAGMA(unroll count)
#else
#define MOAT_UNROLL
#define MOAT_UNROLL_BY(count) static_cast<void>(count);
#endif

// Before a statement: what it calls directly is inlined, also a lambda that is large and called
// twice. A call would keep what lies in registers in memory.
#if __has_cpp_attribute(clang::always_inline)
#define MOAT_INLINED [[clang::always_inline]]
#else
#define MOAT_INLINED
#endif

namespace moat::simt {

struct Position {
  int row;
  int col;
};

// Storage of one wide access; may alias any type.
template <int kBytes>
struct [[gnu::may_alias]] alignas(kBytes) Words {
  std::uint32_t words[kBytes / 4];
};
template <>
struct [[gnu::may_alias]] alignas(2) Words<2> {
  std::uint16_t word;
};

template <class T, int kCount>
struct Vec {
  T values[kCount];
};

// What a lane holds fragments in: two elements of 16 bits, the lower half first, or one.
template <class Element>
using Word = std::conditional_t<sizeof(Element) == 2, std::uint32_t, Element>;
template <class Element>
inline constexpr int kPerWord = static_cast<int>(sizeof(Word<Element>) / sizeof(Element));
template <class Fragment, class Element>
inline constexpr int kWords = Fragment::kRegisters / kPerWord<Element>;

template <class M>
concept MatrixAtom =
    requires(float (&c)[M::Acc::kRegisters],
             const Word<typename M::Element> (&a)[kWords<typename M::Left, typename M::Element>],
             const Word<typename M::Element> (&b)[kWords<typename M::Right, typename M::Element>]) {
      M::multiply(c, a, b);
      requires M::m > 0 && M::n > 0 && M::k > 0;
      { M::kUnrolled } -> std::convertible_to<bool>;
      { M::Left::at(0, 0) } -> std::same_as<Position>;
      { M::Right::at(0, 0) } -> std::same_as<Position>;
      { M::Acc::at(0, 0) } -> std::same_as<Position>;
    };

template <class A>
concept Atoms = MatrixAtom<typename A::template Matrix<float>> && requires(float x, unsigned* p) {
  requires A::kWaveWidth == 32 || A::kWaveWidth == 64;
  { A::lane() } -> std::same_as<int>;
  { A::wave() } -> std::same_as<int>;
  { A::block() } -> std::same_as<int>;
  { A::blocks() } -> std::same_as<int>;
  { A::opaque(0) } -> std::same_as<int>;
  { A::same_in_wave(0) } -> std::same_as<int>;
  { A::aside(p) } -> std::same_as<unsigned*>;
  A::barrier();
  A::fence();
  A::syncwarp();
  { A::atomic_add(p, 1u) } -> std::same_as<unsigned>;
  { A::shuffle_xor(x, 1) } -> std::same_as<float>;
  { A::shuffle(x, 0) } -> std::same_as<float>;
  { A::widen(bf16{}) } -> std::same_as<float>;
  { A::template narrow<bf16>(x) } -> std::same_as<bf16>;
  { A::exp2(x) } -> std::same_as<float>;
  { A::log2(x) } -> std::same_as<float>;
  { A::rsqrt(x) } -> std::same_as<float>;
  { A::max(x, x) } -> std::same_as<float>;
  { A::template load_shared<Words<16>>(p) } -> std::same_as<Words<16>>;
};

template <class A>
concept CopiesAsynchronously = requires(void* p) {
  A::cp_async(p, p, 16);
  A::cp_async_commit();
};

template <class A>
concept LoadsMatrices =
    requires(std::uint32_t (&r)[4], const void* p) { A::template ldmatrix<4, false>(r, p); };

template <class A>
concept LoadsInRange = requires(const void* p) { A::load_in_range(p, 16u, 0u); };

template <class A>
concept Packs = requires { A::template pack<bf16>(0.0f, 0.0f); };

// Accesses of an architecture whose memories share one address space. Stores to global memory are
// the instruction set's own, for what its compiler makes of wide ones.
struct FlatMemory {
  template <class V>
  static MOAT_FN V load_global(const void* p) {
    return *static_cast<const V*>(p);
  }
  template <class V>
  static MOAT_FN V load_shared(const void* p) {
    return *static_cast<const V*>(p);
  }
  template <class V>
  static MOAT_FN void store_shared(void* p, V v) {
    *static_cast<V*>(p) = v;
  }
};

}  // namespace moat::simt
