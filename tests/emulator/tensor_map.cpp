// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/tensor_map.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace moat::emulator {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("tensor map: " + what);
}

}  // namespace

void check(const TensorMap& map) {
  if (map.rank < 1 || map.rank > kMaxRank) refuse(fmt::format("rank {}", map.rank));
  if (map.element_bytes != 1 && map.element_bytes != 2 && map.element_bytes != 4) {
    refuse(fmt::format("elements of {} bytes", map.element_bytes));
  }
  if (reinterpret_cast<std::uintptr_t>(map.address) % 16 != 0) {
    refuse("the address is not a multiple of 16");
  }
  for (std::size_t d = 0; d < static_cast<std::size_t>(map.rank); ++d) {
    if (map.sizes[d] < 1 || map.sizes[d] > std::uint64_t{1} << 32) {
      refuse(fmt::format("size {} of dimension {}", map.sizes[d], d));
    }
    if (map.box[d] < 1 || map.box[d] > 256) {
      refuse(fmt::format("box of {} in dimension {}, at most 256", map.box[d], d));
    }
    if (d > 0 && (map.strides[d] % 16 != 0 || map.strides[d] >= std::uint64_t{1} << 40)) {
      refuse(fmt::format("stride of {} bytes of dimension {}: not a multiple of 16 below 2^40",
                         map.strides[d], d));
    }
  }
  const std::size_t row = map.box[0] * static_cast<std::size_t>(map.element_bytes);
  if (row % 16 != 0) refuse(fmt::format("a box row of {} bytes, not a multiple of 16", row));
  if (map.swizzle != Swizzle::none && row > bytes_of(map.swizzle)) {
    refuse(fmt::format("a box row of {} bytes with a swizzle of {}", row, bytes_of(map.swizzle)));
  }
}

std::size_t box_bytes(const TensorMap& map) {
  auto bytes = static_cast<std::size_t>(map.element_bytes);
  for (int d = 0; d < map.rank; ++d) bytes *= map.box[static_cast<std::size_t>(d)];
  return bytes;
}

void copy(const TensorLoad& load, unsigned char* arena, std::size_t address) {
  const TensorMap& map = load.map;
  const auto size = static_cast<std::size_t>(map.element_bytes);
  const auto* const from = static_cast<const unsigned char*>(map.address);
  std::array<std::uint32_t, kMaxRank> in_box{};
  const std::size_t bytes = box_bytes(map);
  for (std::size_t linear = 0; linear < bytes; linear += size) {
    bool inside = true;
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < static_cast<std::size_t>(map.rank); ++d) {
      const std::int64_t at = std::int64_t{load.at[d]} + in_box[d];
      inside = inside && at >= 0 && at < static_cast<std::int64_t>(map.sizes[d]);
      offset += at * static_cast<std::int64_t>(d == 0 ? size : map.strides[d]);
    }
    unsigned char* const to = arena + swizzled(map.swizzle, address + load.to + linear) - address;
    if (inside) {
      std::memcpy(to, from + offset, size);
    } else {
      std::memset(to, 0, size);
    }
    for (std::size_t d = 0; d < static_cast<std::size_t>(map.rank); ++d) {
      if (++in_box[d] < map.box[d]) break;
      in_box[d] = 0;
    }
  }
}

}  // namespace moat::emulator
