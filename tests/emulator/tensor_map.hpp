// SPDX-License-Identifier: Apache-2.0
// Tensor maps and the copies that follow them (CUDA Driver API, "Tensor Map Object Management"; PTX
// ISA, "Tensors").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace moat::emulator {

// How the 16-byte units of a row of 128 bytes, or of half or a quarter of it, are permuted in
// shared memory: the rows' number within eight, or its upper bits, is XORed to the unit's.
enum class Swizzle : std::uint8_t { none, b32, b64, b128 };

constexpr std::size_t bytes_of(Swizzle s) {
  return s == Swizzle::none ? 16 : s == Swizzle::b32 ? 32 : s == Swizzle::b64 ? 64 : 128;
}

// Where the byte at an address that knows no swizzle lies: address bits 4, 5 and 6, as many as the
// span of the swizzle has, XOR bits 7, 8 and 9.
constexpr std::size_t swizzled(Swizzle s, std::size_t address) {
  const std::size_t mask = bytes_of(s) / 16 - 1;
  return address ^ (address >> 7 & mask) << 4;
}

inline constexpr int kMaxRank = 5;

// What cuTensorMapEncodeTiled takes, dimensions innermost first.
struct alignas(64) TensorMap {
  const void* address = nullptr;
  int element_bytes = 0;
  int rank = 0;
  std::array<std::uint64_t, kMaxRank> sizes{};    // in elements
  std::array<std::uint64_t, kMaxRank> strides{};  // in bytes; the first is element_bytes
  std::array<std::uint32_t, kMaxRank> box{};      // in elements
  Swizzle swizzle = Swizzle::none;
};

// Throws std::invalid_argument, with the reason, for what cuTensorMapEncodeTiled refuses.
void check(const TensorMap& map);

std::size_t box_bytes(const TensorMap& map);

// A box of the tensor, on its way into shared memory.
struct TensorLoad {
  TensorMap map;
  std::size_t to = 0;  // offset in shared memory
  std::array<int, kMaxRank> at{};
};

// Copies the box; elements outside the tensor are zero. `address` is that of `arena` in the
// shared window.
void copy(const TensorLoad& load, unsigned char* arena, std::size_t address);

}  // namespace moat::emulator
