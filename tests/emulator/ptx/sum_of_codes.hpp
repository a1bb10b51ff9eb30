// SPDX-License-Identifier: Apache-2.0
// How Hopper's matrix units add products of 8-bit floats to a sum: with 13 fraction bits (Xie et
// al., "MMA-Sim: Bit-Accurate Reference Model of Tensor Cores and Matrix Cores", arXiv 2511.10909;
// DeepSeek-V3, arXiv 2412.19437, 3.3.2, observes about 14 bits).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "problems/codes.hpp"

namespace moat::emulator::ptx {

// One wgmma.mma_async.m64nNk32. An element of D is one sum of 32 products and an element of C. Each
// of them has an exponent: a product the sum of its operands', where a subnormal code has the least
// one of its format; an f32 its own, at least −126. e is the largest exponent of those that are not
// 0. Each is truncated toward zero to a multiple of 2^(e − 13), they are added exactly, and the sum
// is truncated toward zero to 13 fraction bits. A NaN is 0x7fffffff.
class SumOfCodes {
 public:
  static constexpr std::size_t kM = 64;
  static constexpr std::size_t kMostN = 256;
  static constexpr std::size_t kK = 32;
  using Sums = std::array<std::array<float, kMostN>, kM>;

  // Element (row, k) of A, and (k, col) of B. What compute() needs of them must have been set.
  template <Float8 F>
  void set_left(std::size_t row, std::size_t k, F x) {
    left_[row][k] = decode(x);
    left_exponents_[row][k] = exponent(x);
  }
  template <Float8 F>
  void set_right(std::size_t k, std::size_t col, F x) {
    right_[k][col] = decode(x);
    right_exponents_[k][col] = exponent(x);
  }

  // c = A · B + c in its first n columns.
  void compute(std::size_t n, Sums& c) const;

 private:
  // Of 0 less, and of what is not finite more, than any sum of two of the others.
  static constexpr std::int16_t kZero = -1000;
  static constexpr std::int16_t kNotFinite = 8000;

  template <Float8 F>
  static std::int16_t exponent(F x) {
    static_assert(!F::kFnuz);
    const int magnitude = x.bits & 0x7f;
    if (magnitude == 0) return kZero;
    if (F::kMantissa == 2 ? magnitude >= 0x7c : magnitude == 0x7f) return kNotFinite;
    const int field = magnitude >> F::kMantissa;
    return static_cast<std::int16_t>((field == 0 ? 1 : field) - F::kBias);
  }

  std::array<std::array<float, kK>, kM> left_{};
  std::array<std::array<std::int16_t, kK>, kM> left_exponents_{};
  std::array<std::array<float, kMostN>, kK> right_{};
  std::array<std::array<std::int16_t, kMostN>, kK> right_exponents_{};
};

}  // namespace moat::emulator::ptx
