// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/ptx/sum_of_codes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace moat::emulator::ptx {
namespace {

constexpr int kFractionBits = 13;
constexpr int kLeastOfProducts = -28;  // of those that are not 0: two subnormal codes of e5m2

double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

// Of an f32; 128 if it is not finite.
std::int16_t exponent_of(float x) {
  const auto field = static_cast<int>(std::bit_cast<std::uint32_t>(x) >> 23 & 0xff);
  return static_cast<std::int16_t>(std::max(field, 1) - 127);
}

// Multiples of 2^(e − 13) in x, toward zero; e is not less than its exponent.
std::int32_t aligned(float x, int e) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t fraction = bits & 0x7fffffu;
  const std::uint32_t significand = fraction | ((bits >> 23 & 0xffu) == 0 ? 0u : 0x800000u);
  const int shift = 23 - kFractionBits + e - exponent_of(x);
  const auto whole = static_cast<std::int32_t>(significand >> std::min(shift, 31));
  return bits >> 31 != 0 ? -whole : whole;
}

// sum · 2^(e − 13) with 13 fraction bits, toward zero. No exponent is less than that of f32's
// subnormal numbers, for e is not.
float truncated(std::int32_t sum, int e) {
  const auto magnitude = static_cast<std::uint32_t>(std::abs(sum));
  const int excess = std::max(0, static_cast<int>(std::bit_width(magnitude)) - kFractionBits - 1);
  const double kept = magnitude >> excess << excess;
  return static_cast<float>((sum < 0 ? -kept : kept) * power_of_two(e - kFractionBits));
}

}  // namespace

void SumOfCodes::compute(std::size_t n, Sums& c) const {
  std::array<std::int16_t, kMostN> e{};
  std::array<float, kMostN> scale{};
  std::array<std::int32_t, kMostN> sums{};
  for (std::size_t i = 0; i < kM; ++i) {
    for (std::size_t j = 0; j < n; ++j) e[j] = exponent_of(c[i][j]);
    for (std::size_t k = 0; k < kK; ++k) {
      const std::int16_t left = left_exponents_[i][k];
      for (std::size_t j = 0; j < n; ++j) {
        e[j] = std::max(e[j], static_cast<std::int16_t>(left + right_exponents_[k][j]));
      }
    }
    for (std::size_t j = 0; j < n; ++j) {
      sums[j] = e[j] > 127 ? 0 : aligned(c[i][j], e[j]);
      scale[j] = static_cast<float>(
          power_of_two(kFractionBits - std::clamp<int>(e[j], kLeastOfProducts, 127)));
    }
    for (std::size_t k = 0; k < kK; ++k) {
      const float left = left_[i][k];
      for (std::size_t j = 0; j < n; ++j) {
        // Products of two codes are exact in f32, and less than 2^15 here. The conversion truncates
        // toward zero.
        const float product = left * right_[k][j] * scale[j];
        sums[j] += static_cast<std::int32_t>(std::fabs(product) < 0x1p15f ? product : 0.0f);
      }
    }
    for (std::size_t j = 0; j < n; ++j) {
      if (e[j] <= 127) {
        c[i][j] = truncated(sums[j], e[j]);
        continue;
      }
      float sum = c[i][j];
      for (std::size_t k = 0; k < kK; ++k) sum += left_[i][k] * right_[k][j];
      c[i][j] = std::isnan(sum) ? std::bit_cast<float>(0x7fffffffu) : sum;
    }
  }
}

}  // namespace moat::emulator::ptx
