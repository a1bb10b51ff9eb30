// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/cuda_runtime/fat_binary.hpp"

#include <cstdint>
#include <cstring>

namespace moat::cuda_runtime {
namespace {

// Read off what nvcc 12 and 13 write.
constexpr std::uint32_t kMagic = 0xba55ed50;
constexpr std::uint16_t kPtx = 1;
constexpr std::uint64_t kCompressed = 0xa000;  // LZ4 or Zstandard

struct Header {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint16_t header_bytes;
  std::uint64_t bytes;  // of all images
};
struct Image {
  std::uint16_t kind;
  std::uint16_t version;
  std::uint32_t header_bytes;
  std::uint64_t bytes;
  std::uint64_t unused;
  std::uint32_t unused_too;
  std::uint32_t architecture;
  std::uint64_t unused_yet;
  std::uint64_t flags;
};

template <class T>
T read(const unsigned char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

std::vector<PtxImage> ptx_images(const void* fat_binary) {
  const auto* at = static_cast<const unsigned char*>(fat_binary);
  const auto header = read<Header>(at);
  if (header.magic != kMagic) throw std::runtime_error("this is no fat binary");
  std::vector<PtxImage> images;
  at += header.header_bytes;
  for (const auto* const end = at + header.bytes; at < end;) {
    const auto image = read<Image>(at);
    at += image.header_bytes;
    if (image.kind == kPtx && (image.flags & kCompressed) == 0) {
      const auto* const text = reinterpret_cast<const char*>(at);
      images.push_back(
          {static_cast<int>(image.architecture), std::string(text, strnlen(text, image.bytes))});
    }
    at += image.bytes;
  }
  return images;
}

}  // namespace moat::cuda_runtime
