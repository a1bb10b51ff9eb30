// SPDX-License-Identifier: Apache-2.0
// Element-wise work on memory: several elements of a lane at a time.
#pragma once

#include <cstdint>

#include "backends/simt/atoms.hpp"
#include "backends/simt/panel.hpp"
#include "problems/codes.hpp"

namespace moat::simt {

// Elements that a lane works on at once: a chunk of 16-bit values.
inline constexpr int kPackSize = 8;

struct Pack {
  float values[kPackSize];

  Pack() = default;
  MOAT_FN Pack(float x) {  // NOLINT(google-explicit-constructor): constants mix with packs
    MOAT_UNROLL
    for (float& v : values) v = x;
  }

  // Element-wise, as a new pack.
  template <class F>
  static MOAT_FN Pack of(F f) {
    Pack out;
    MOAT_UNROLL
    for (int i = 0; i < kPackSize; ++i) out.values[i] = f(i);
    return out;
  }

  friend MOAT_FN Pack operator+(const Pack& a, const Pack& b) {
    return of([&](int i) { return a.values[i] + b.values[i]; });
  }
  friend MOAT_FN Pack operator-(const Pack& a, const Pack& b) {
    return of([&](int i) { return a.values[i] - b.values[i]; });
  }
  friend MOAT_FN Pack operator*(const Pack& a, const Pack& b) {
    return of([&](int i) { return a.values[i] * b.values[i]; });
  }
  friend MOAT_FN Pack operator/(const Pack& a, const Pack& b) {
    return of([&](int i) { return a.values[i] / b.values[i]; });
  }
};

struct PackPair {
  Pack first, second;
};

// A position of `each`: up to kPackSize elements from `begin` on, of which `rest` are left.
template <class Atoms>
struct Piece {
  int begin;
  int rest;

  template <class T>
  MOAT_FN Pack load(const T* p) const {
    constexpr int kPerChunk = kPackSize / Chunks<T>::kCount;
    const T* from = p + begin;
    if (wide(from)) {
      Chunks<T> raw;
      MOAT_UNROLL
      for (int c = 0; c < Chunks<T>::kCount; ++c) {
        raw.chunks[c] = Atoms::template load_global<typename Chunks<T>::Type>(from + c * kPerChunk);
      }
      const auto loaded = __builtin_bit_cast(Elements<T>, raw);
      return Pack::of([&](int i) { return widened(loaded.values[i]); });
    }
    return Pack::of(
        [&](int i) { return i < rest ? widened(Atoms::template load_global<T>(from + i)) : 0.0f; });
  }

  template <class T>
  MOAT_FN void store(T* p, const Pack& x) const {
    constexpr int kPerChunk = kPackSize / Chunks<T>::kCount;
    T* to = p + begin;
    Elements<T> rounded;
    MOAT_UNROLL
    for (int i = 0; i < kPackSize; ++i) {
      rounded.values[i] = narrowed<T>(x.values[i]);
    }
    if (wide(to)) {
      const auto chunks = __builtin_bit_cast(Chunks<T>, rounded);
      MOAT_UNROLL
      for (int c = 0; c < Chunks<T>::kCount; ++c) {
        Atoms::store_global(to + c * kPerChunk, chunks.chunks[c]);
      }
      return;
    }
    MOAT_UNROLL
    for (int i = 0; i < kPackSize; ++i) {
      if (i < rest) Atoms::store_global(to + i, rounded.values[i]);
    }
  }

  MOAT_FN Pack fill(float x) const { return x; }

 private:
  template <class T>
  using Elements = Vec<T, kPackSize>;
  template <class T>
  struct Chunks {
    static constexpr int kBytes = static_cast<int>(kPackSize * sizeof(T));
    using Type = Words<(kBytes < kChunkBytes ? kBytes : kChunkBytes)>;
    static constexpr int kCount = kBytes / static_cast<int>(sizeof(Type));
    static_assert(kBytes % sizeof(Type) == 0,
                  "a pack of elements T is whole chunks: let kPackSize grow in "
                  "backends/simt/pack.hpp");
    Type chunks[kCount];
  };

  template <class T>
  static MOAT_FN float widened(T x) {
    if constexpr (Float8<T>) {
      return decode(x);
    } else {
      return Atoms::widen(x);
    }
  }
  template <class T>
  static MOAT_FN T narrowed(float x) {
    if constexpr (Float8<T>) {
      return encode<T>(x);
    } else {
      return Atoms::template narrow<T>(x);
    }
  }

  template <class T>
  MOAT_FN bool wide(const T* p) const {
    return rest >= kPackSize &&
           reinterpret_cast<std::uintptr_t>(p) % sizeof(typename Chunks<T>::Type) == 0;
  }
};

// A group of `groups`.
template <class Atoms>
struct Group {
  int index;
  bool stores;  // in this lane

  template <class U>
  MOAT_FN void store(U* p, U x) const {
    if (stores) Atoms::store_global(p + index, x);
  }
};

// A position of `each` over rows: up to kPackSize elements, or pairs of them, of one row.
template <class Atoms>
struct RowPiece {
  int row;
  int begin;
  int rest;

  template <class T>
  MOAT_FN Pack load(const T* p, std::int64_t stride) const {
    return Piece<Atoms>{begin, rest}.load(p + row * stride);
  }
  template <class T>
  MOAT_FN void store(T* p, std::int64_t stride, const Pack& x) const {
    Piece<Atoms>{begin, rest}.store(p + row * stride, x);
  }

  template <class T>
  MOAT_FN PackPair load_pairs(const T* p, std::int64_t stride) const {
    const Pack low = half(0).load(p + row * stride);
    const Pack high = half(1).load(p + row * stride);
    const auto every_other = [&](int from) {
      return Pack::of([&](int i) {
        const int element = 2 * i + from;
        return element < kPackSize ? low.values[element % kPackSize]
                                   : high.values[element % kPackSize];
      });
    };
    return {every_other(0), every_other(1)};
  }
  template <class T>
  MOAT_FN void store_pairs(T* p, std::int64_t stride, const Pack& first, const Pack& second) const {
    const auto mixed = [&](int from) {
      return Pack::of([&](int i) {
        const int pair = from / 2 + i / 2;
        return i % 2 == 0 ? first.values[pair] : second.values[pair];
      });
    };
    half(0).store(p + row * stride, mixed(0));
    half(1).store(p + row * stride, mixed(kPackSize));
  }

 private:
  // The first or second kPackSize elements of the pairs.
  MOAT_FN Piece<Atoms> half(int which) const {
    return {2 * begin + which * kPackSize, 2 * rest - which * kPackSize};
  }
};

}  // namespace moat::simt
