// SPDX-License-Identifier: Apache-2.0
// Scales of blocks of 8-bit floats, as DeepSeek-V3 has them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "problems/codes.hpp"
#include "problems/operand.hpp"

namespace moat {

// Numbers of a row that share a scale, and rows and columns of a block that does.
inline constexpr int kPerScale = 128;

// What the largest absolute value of a block counts as at least, so that a block of zeros has a
// scale (github.com/deepseek-ai/DeepGEMM, deep_gemm/utils/math.py, clamp(1e-4)).
inline constexpr float kLeastAmax = 1e-4f;

// Scales are numbers in f32, or powers of two. The latter are stored as the bytes of their
// exponents, as matrix instructions of the OCP microscaling formats read them: DeepGEMM's newer
// kernels take "4 UE8M0 in a single torch.int" (README.md), and f32 only to pack it first
// (csrc/apis/layout.hpp). Bytes lie as scales in f32 do; for loads of its own it turns them around.
//
// A scale that is not below x, for x of at least 2^−126: of powers of two the least such one, of
// infinity the largest one (ceil_to_ue8m0 in deep_gemm/utils/math.py).
template <class Scale>
MOAT_SHARED_FN Scale round_up(float x);
template <>
MOAT_SHARED_FN float round_up<float>(float x) {
  return x;
}
template <>
MOAT_SHARED_FN e8m0 round_up<e8m0>(float x) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
  const std::uint32_t exponent = (bits + 0x7fffffu) >> 23;
  return {static_cast<std::uint8_t>(exponent > 254 ? 254 : exponent)};
}

// The codes of which blocks have such scales.
inline constexpr std::array kScaledCodes{Code::e4m3, Code::e4m3fnuz};

// Calls f(Type<storage of c>{}) if it is one of them.
template <class F>
void with_scaled_code(Code c, F&& f) {
  with_code(c, [&]<class C>(Type<C> type) {
    if constexpr (Float8<C>) {
      if constexpr (C::kMantissa == 3) f(type);
    }
  });
}

// Calls f(Type<storage of the scales>{}).
template <class F>
void with_scale(bool ue8m0, F&& f) {
  if (ue8m0) {
    f(Type<e8m0>{});
  } else {
    f(Type<float>{});
  }
}

// The scales of `rows` rows of blocks of a matrix with `cols` columns.
inline Operand scale_operand(std::string_view name, Role role, std::int64_t rows, int cols,
                             bool ue8m0) {
  Operand scales{.name = name, .role = role, .rows = rows, .cols = ceil_div(cols, kPerScale)};
  if (ue8m0) scales.code = Code::e8m0;
  return scales;
}

// Why blocks of a code have no such scales; empty if they have.
inline std::string wrong_scaled_code(Code c) {
  std::string wrong = "operands are in e4m3 or e4m3fnuz, not in " + std::string(name_of(c));
  with_scaled_code(c, [&](auto) { wrong.clear(); });
  return wrong;
}

}  // namespace moat
