// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

#include "bench/record/provenance.hpp"

namespace moat {

// FNV-1a in steps of 8 bytes, and of 1 where fewer are left: nobody forges builds here, and a
// program of 100 MB takes a few hundredths of a second.
std::optional<std::string> executable_hash() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  if (!file) return std::nullopt;
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325;
  std::vector<char> part(std::size_t{1} << 20);
  while (file) {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= count; at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, part.data() + at, sizeof word);
      // The low bits of a product do not see the high ones of the word.
      hash = (hash ^ word ^ (word >> 32)) * kPrime;
      hash ^= hash >> 29;
    }
    for (; at < count; ++at) hash = (hash ^ static_cast<unsigned char>(part[at])) * kPrime;
  }
  if (file.bad()) return std::nullopt;
  return fmt::format("{:016x}", hash);
}

}  // namespace moat
