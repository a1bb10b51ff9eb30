// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amx/products.hpp"

#include <xmmintrin.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace moat::amx {

namespace {

constexpr int kWords = kMostBytes / 4;

// Flushes subnormal results and operands, rounds to nearest even, masks all exceptions.
class FlushedFloats {
 public:
  FlushedFloats() : before_(_mm_getcsr()) { _mm_setcsr(0x1f80u | 0x8000u | 0x0040u); }
  ~FlushedFloats() { _mm_setcsr(before_); }
  FlushedFloats(const FlushedFloats&) = delete;
  FlushedFloats& operator=(const FlushedFloats&) = delete;

 private:
  unsigned before_;
};

std::uint32_t word(const Tile& tile, int row, int i) {
  std::uint32_t x;
  std::memcpy(&x, tile.bytes[row] + 4 * i, sizeof x);
  return x;
}

// The halves of words as floats.
struct BFloat16 {
  static float first(std::uint32_t x) { return std::bit_cast<float>(x << 16); }
  static float second(std::uint32_t x) { return std::bit_cast<float>(x & 0xffff0000u); }
};
struct Binary16 {
  static float widen(std::uint32_t half) {
    const std::uint32_t sign = (half & 0x8000u) << 16;
    const std::uint32_t magnitude = half & 0x7fffu;
    if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | magnitude << 13);
    // Subnormal ones too: as an integer times 2⁻²⁴.
    if (magnitude < 0x0400u) {
      const float x = static_cast<float>(magnitude) * 0x1p-24f;
      return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) | sign);
    }
    return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000u));
  }
  static float first(std::uint32_t x) { return widen(x & 0xffffu); }
  static float second(std::uint32_t x) { return widen(x >> 16); }
};

// Not inlined: compilers move operations on floats across a change of MXCSR.
template <class Half>
[[gnu::noinline]] void multiply_pairs(Tile& c, const Tile& a, const Tile& b, int rows, int depth) {
  float first[kMostRows][kWords];
  float second[kMostRows][kWords];
  for (int k = 0; k < depth; ++k) {
    for (int n = 0; n < kWords; ++n) {
      first[k][n] = Half::first(word(b, k, n));
      second[k][n] = Half::second(word(b, k, n));
    }
  }
  for (int m = 0; m < rows; ++m) {
    float sum[2][kWords] = {};
    for (int k = 0; k < depth; ++k) {
      const float x = Half::first(word(a, m, k));
      const float y = Half::second(word(a, m, k));
      for (int n = 0; n < kWords; ++n) {
        sum[0][n] = std::fma(x, first[k][n], sum[0][n]);
        sum[1][n] = std::fma(y, second[k][n], sum[1][n]);
      }
    }
    float to[kWords];
    std::memcpy(to, c.bytes[m], sizeof to);
    for (int n = 0; n < kWords; ++n) {
      const float both = sum[0][n] + sum[1][n];
      to[n] = to[n] + both;
    }
    std::memcpy(c.bytes[m], to, sizeof to);
  }
}

}  // namespace

void multiply_bf16(Tile& c, const Tile& a, const Tile& b, int rows, int depth) {
  const FlushedFloats flushed;
  multiply_pairs<BFloat16>(c, a, b, rows, depth);
}

void multiply_f16(Tile& c, const Tile& a, const Tile& b, int rows, int depth) {
  const FlushedFloats flushed;
  multiply_pairs<Binary16>(c, a, b, rows, depth);
}

void multiply_int8(Tile& c, const Tile& a, const Tile& b, int rows, int depth, bool a_signed,
                   bool b_signed) {
  const auto widen = [](std::uint8_t x, bool is_signed) {
    return is_signed ? std::int32_t{static_cast<std::int8_t>(x)} : std::int32_t{x};
  };
  for (int m = 0; m < rows; ++m) {
    std::uint32_t to[kWords];
    std::memcpy(to, c.bytes[m], sizeof to);
    for (int i = 0; i < 4 * depth; ++i) {
      const std::int32_t x = widen(a.bytes[m][i], a_signed);
      for (int n = 0; n < kWords; ++n) {
        to[n] += static_cast<std::uint32_t>(x * widen(b.bytes[i / 4][4 * n + i % 4], b_signed));
      }
    }
    std::memcpy(c.bytes[m], to, sizeof to);
  }
}

}  // namespace moat::amx
