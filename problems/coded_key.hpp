// SPDX-License-Identifier: Apache-2.0
// A token's row of the latent cache in FP8.
#pragma once

#include "problems/scales.hpp"

namespace moat {

// What FlashMLA keeps of a token (github.com/deepseek-ai/FlashMLA, README.md, "FP8 KV Cache";
// tests/quant.py, V32_FP8Sparse): the 512 numbers that are the value too as codes, a scale for each
// 128 of them, and the 64 that turn with the position as they are. It multiplies in bfloat16: a
// number is its code times the scale, rounded to that.
struct alignas(16) CodedKey {
  static constexpr int kCodes = 512;
  static constexpr int kElements = 64;
  static constexpr int kNumbers = kCodes + kElements;

  e4m3 codes[kCodes];
  float scales[kCodes / kPerScale];
  bf16 elements[kElements];
};
static_assert(sizeof(CodedKey) == 656);

// Number `i` of the key.
inline float number_of(const CodedKey& key, int i) {
  if (i >= CodedKey::kCodes) return to_float(key.elements[i - CodedKey::kCodes]);
  return to_float(from_float<bf16>(decode(key.codes[i]) * key.scales[i / kPerScale]));
}

}  // namespace moat
