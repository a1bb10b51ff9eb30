// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/tensor_map.hpp"

#include <cstring>

namespace moat::ptx {
namespace {

struct Encoded {
  std::uint64_t address;
  std::array<std::uint64_t, emulator::kMaxRank> sizes;
  std::array<std::uint64_t, emulator::kMaxRank> strides;
  std::array<std::uint16_t, emulator::kMaxRank> box;
  std::uint8_t element_bytes;
  std::uint8_t rank;
  std::uint8_t swizzle;
  std::array<std::uint8_t, 19> unused;
  std::uint64_t sum;  // of what precedes, so that other bytes are no map
};
static_assert(sizeof(Encoded) == kTensorMapBytes);

std::uint64_t sum_of(const Encoded& e) {
  std::array<unsigned char, sizeof(Encoded) - sizeof(e.sum)> bytes{};
  std::memcpy(bytes.data(), &e, bytes.size());
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const unsigned char b : bytes) hash = (hash ^ b) * 0x100000001b3u;
  return hash;
}

}  // namespace

void encode(const emulator::TensorMap& map, unsigned char* to) {
  Encoded e{};
  e.address = reinterpret_cast<std::uintptr_t>(map.address);
  e.sizes = map.sizes;
  e.strides = map.strides;
  for (std::size_t d = 0; d < map.box.size(); ++d)
    e.box[d] = static_cast<std::uint16_t>(map.box[d]);
  e.element_bytes = static_cast<std::uint8_t>(map.element_bytes);
  e.rank = static_cast<std::uint8_t>(map.rank);
  e.swizzle = static_cast<std::uint8_t>(map.swizzle);
  e.sum = sum_of(e);
  std::memcpy(to, &e, sizeof e);
}

std::optional<emulator::TensorMap> decode(const unsigned char* from) {
  Encoded e{};
  std::memcpy(&e, from, sizeof e);
  if (e.sum != sum_of(e)) return std::nullopt;
  emulator::TensorMap map{.address = reinterpret_cast<const void*>(e.address),
                          .element_bytes = e.element_bytes,
                          .rank = e.rank,
                          .sizes = e.sizes,
                          .strides = e.strides,
                          .swizzle = static_cast<emulator::Swizzle>(e.swizzle)};
  for (std::size_t d = 0; d < map.box.size(); ++d) map.box[d] = e.box[d];
  return map;
}

}  // namespace moat::ptx
