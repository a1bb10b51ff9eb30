// What an emulated wave does apart from matrix instructions, as the tile layer asks for it.
#pragma once

#include <cmath>
#include <cstring>

#include "backends/simt/atoms.hpp"
#include "tests/emulator/emulator.hpp"

namespace moat::emulator {

template <int kWidth>
struct Lanes {
  static constexpr int kWaveWidth = kWidth;

  static int lane() { return place().lane; }
  static int wave() { return place().wave; }
  static int block() { return place().block; }
  static int blocks() { return place().blocks; }
  static int opaque(int x) { return x; }
  static void barrier() { emulator::barrier(); }
  // Blocks run one after another.
  static void fence() {}
  static unsigned atomic_add(unsigned* p, unsigned v) { return std::exchange(*p, *p + v); }

  template <class T>
  static T shuffle_xor(T x, int mask) {
    return exchange(x, lane() ^ mask, mask);
  }
  template <class T>
  static T shuffle(T x, int source) {
    return exchange(x, source, 0);
  }

  template <class T>
  static float widen(T x) {
    return to_float(x);
  }
  template <class T>
  static T narrow(float x) {
    return from_float<T>(x);
  }
  static float exp2(float x) { return std::exp2(x); }
  static float log2(float x) { return std::log2(x); }
  static float rsqrt(float x) { return 1.0f / std::sqrt(x); }
  static float max(float a, float b) { return std::fmax(a, b); }

  template <class V>
  static V load_global(const void* p) {
    V v;
    std::memcpy(&v, p, sizeof(V));
    return v;
  }
  template <class V>
  static void store_global(void* p, V v) {
    std::memcpy(p, &v, sizeof(V));
  }
  template <class V>
  static V load_shared(const void* p) {
    check_shared(p, sizeof(V));
    return load_global<V>(p);
  }
  template <class V>
  static void store_shared(void* p, V v) {
    check_shared(p, sizeof(V));
    store_global(p, v);
  }

 private:
  template <class T>
  static T exchange(T x, int source, int mask) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &x, sizeof(T));
    bits = emulator::exchange(bits, source, mask);
    std::memcpy(&x, &bits, sizeof(T));
    return x;
  }
};

}  // namespace moat::emulator
