// SPDX-License-Identifier: Apache-2.0
// What an emulated wave does apart from matrix instructions, as the tile layer asks for it.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <utility>

#include "backends/simt/atoms.hpp"
#include "tests/emulator/emulator.hpp"

namespace moat::emulator {

template <int kWidth>
struct Lanes {
  using Where = std::source_location;

  static constexpr int kWaveWidth = kWidth;

  static int lane() { return place().lane; }
  static int wave() { return place().wave; }
  static int block() { return place().block; }
  static int blocks() { return place().blocks; }
  static int opaque(int x) { return x; }
  static int same_in_wave(int x) { return x; }
  template <class T>
  static T aside(T x) {
    return x;
  }
  static void barrier(const Where& where = Where::current()) { emulator::barrier(where); }
  static void fence() { device_fence(); }
  static unsigned atomic_add(unsigned* p, unsigned v, const Where& where = Where::current()) {
    access_global(p, sizeof(*p), {"atomic_add", where});
    device_atomic({"atomic_add", where});
    return std::exchange(*p, *p + v);
  }

  // Orders the memory accesses of a wave's lanes.
  static void syncwarp(const Where& where = Where::current()) { wave_barrier({"syncwarp", where}); }

  template <class T>
  static T shuffle_xor(T x, int mask, const Where& where = Where::current()) {
    return exchange(x, lane() ^ mask, mask, where);
  }
  template <class T>
  static T shuffle(T x, int source, const Where& where = Where::current()) {
    return exchange(x, source, 0, where);
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
  static V load_global(const void* p, const Where& where = Where::current()) {
    access_global(p, sizeof(V), {"load_global", where, sizeof(V)});
    return load<V>(p);
  }
  template <class V>
  static void store_global(void* p, V v, const Where& where = Where::current()) {
    access_global(p, sizeof(V), {"store_global", where, sizeof(V)});
    std::memcpy(p, &v, sizeof(V));
    stored_global(p, sizeof(V));
  }
  template <class V>
  static V load_shared(const void* p, const Where& where = Where::current()) {
    read_shared(p, sizeof(V), {"load_shared", where, sizeof(V)});
    return load<V>(p);
  }
  template <class V>
  static void store_shared(void* p, V v, const Where& where = Where::current()) {
    write_shared(p, sizeof(V), {"store_shared", where, sizeof(V)});
    std::memcpy(p, &v, sizeof(V));
  }

 private:
  template <class V>
  static V load(const void* p) {
    V v;
    std::memcpy(&v, p, sizeof(V));
    return v;
  }

  template <class T>
  static T exchange(T x, int source, int mask, const Where& where) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &x, sizeof(T));
    bits = emulator::exchange(bits, source, mask, where);
    std::memcpy(&x, &bits, sizeof(T));
    return x;
  }
};

}  // namespace moat::emulator
