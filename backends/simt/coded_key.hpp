// SPDX-License-Identifier: Apache-2.0
// Chunks of a panel of bfloat16 that are decoded from rows in 8-bit floats.
#pragma once

#include <cstdint>

#include "backends/simt/accumulator.hpp"
#include "problems/coded_key.hpp"

namespace moat::simt {

// What eight numbers of a key are made of: 16 codes, half of which are theirs, and the scale; or
// eight elements.
struct CodedChunk {
  Chunk bytes;
  float scale;
};

// That of the numbers from `col` on. One wide load and one of a scale, of any part of the key.
template <class Atoms>
MOAT_FN CodedChunk load_coded(const CodedKey& key, int col) {
  constexpr int kCodes = CodedKey::kCodes;
  const bool coded = col < kCodes;
  const void* const bytes =
      coded ? static_cast<const void*>(key.codes + col / kChunkBytes * kChunkBytes)
            : static_cast<const void*>(key.elements + (col - kCodes));
  return {Atoms::template load_global<Chunk>(bytes),
          Atoms::template load_global<float>(key.scales + (coded ? col / kPerScale : 0))};
}

// Two codes, the upper bytes of the halves of a word, as 2⁻⁸ times their numbers in binary16, whose
// exponent has a bias of 15 instead of 7. What the lower bytes hold counts for nothing.
MOAT_FN std::uint32_t halves_of_codes(std::uint32_t word) {
  return (word & 0x80008000u) | (word >> 1 & 0x3f803f80u);
}

// The numbers of that.
template <class Atoms>
MOAT_FN Chunk decode_chunk(const CodedChunk& read, int col) {
  static_assert(sizeof(Chunk) == 8 * sizeof(bf16));
  if (col >= CodedKey::kCodes) return read.bytes;
  // By bits: a choice between elements of an array may become one between their addresses.
  const std::uint32_t upper = col % kChunkBytes != 0 ? ~0u : 0u;
  std::uint32_t halves[2][2];  // codes 0 and 2, 1 and 3 of each word
  MOAT_UNROLL
  for (int w = 0; w < 2; ++w) {
    const std::uint32_t word = (read.bytes.words[2 + w] & upper) | (read.bytes.words[w] & ~upper);
    halves[w][0] = halves_of_codes(word << 8);
    halves[w][1] = halves_of_codes(word);
  }
  return round_piece<Atoms, bf16, 8>([&](int i) {
    const std::uint32_t pair = halves[i / 4][i % 2] >> i % 4 / 2 * 16;
    const float x = Atoms::widen(f16{static_cast<std::uint16_t>(pair)}) * 256.0f;
    // NaN has the code of the number beyond the largest.
    const bool is_nan = x > kLargest<e4m3> || x < -kLargest<e4m3>;
    return (is_nan ? float_of_bits(0x7fc00000u) : x) * read.scale;
  });
}

}  // namespace moat::simt
