// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/traffic_loops.hpp"

#include <hwy/cache_control.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "backends/cpu/lanes.hpp"
#include "problems/dtype.hpp"

namespace moat {
namespace {

namespace hn = cpu::hn;

using Words = hn::ScalableTag<std::uint32_t>;

constexpr std::size_t kLine = 64;
constexpr std::size_t kVector = cpu::kLanes * sizeof(std::uint32_t);

// Places that a thread reads from in turn. Of 1, 2, 4, 8 and 16, with and without prefetches, 8
// without read most from memory: 1.2 × one stream on a Sapphire Rapids core. Copies keep a line
// for every store as well, and 4 were best.
constexpr std::size_t kReadStreams = 8;
constexpr std::size_t kCopyStreams = 4;

// Copies from this size on bypass the caches: a store that does not fetch its line first saves a
// third of the traffic.
constexpr std::size_t kStreamedBytes = std::size_t{1} << 18;

// The part of a region that falls to this thread, in whole lines.
std::pair<std::size_t, std::size_t> my_part(std::size_t bytes) {
  const auto threads = static_cast<std::size_t>(omp_get_num_threads());
  const std::size_t part = ceil_div(ceil_div(bytes, threads), kLine) * kLine;
  const std::size_t begin = std::min(bytes, part * static_cast<std::size_t>(omp_get_thread_num()));
  return {begin, std::min(bytes, begin + part)};
}

std::uint32_t xor_part(const std::byte* p, std::size_t bytes) {
  const Words words;
  const std::size_t stream = bytes / kReadStreams / kLine * kLine;
  std::array<hn::Vec<Words>, kReadStreams> sums;
  sums.fill(hn::Zero(words));
  for (std::size_t i = 0; i < stream; i += kLine) {
    cpu::unroll<kReadStreams>([&](auto s) {
      for (std::size_t at = 0; at < kLine; at += kVector) {
        const std::byte* from = p + s * stream + i + at;
        auto& sum = std::get<s>(sums);
        sum = hn::Xor(sum, hn::LoadU(words, reinterpret_cast<const std::uint32_t*>(from)));
      }
    });
  }
  std::uint32_t total = 0;
  for (const auto& sum : sums) {
    std::array<std::uint32_t, cpu::kLanes> lanes;
    hn::StoreU(sum, words, lanes.data());
    for (const std::uint32_t lane : lanes) total ^= lane;
  }
  for (std::size_t i = kReadStreams * stream; i < bytes; i += sizeof total) {
    std::uint32_t word = 0;
    std::memcpy(&word, p + i, std::min(sizeof word, bytes - i));
    total ^= word;
  }
  return total;
}

void copy_past_caches(const std::byte* from, std::byte* to, std::size_t bytes) {
  const Words words;
  const std::size_t stream = bytes / kCopyStreams / kLine * kLine;
  for (std::size_t i = 0; i < stream; i += kLine) {
    cpu::unroll<kCopyStreams>([&](auto s) {
      for (std::size_t at = 0; at < kLine; at += kVector) {
        const std::size_t offset = s * stream + i + at;
        hn::Stream(hn::LoadU(words, reinterpret_cast<const std::uint32_t*>(from + offset)), words,
                   reinterpret_cast<std::uint32_t*>(to + offset));
      }
    });
  }
  hwy::FlushStream();
  const std::size_t done = kCopyStreams * stream;
  std::memcpy(to + done, from + done, bytes - done);
}

std::uint32_t xor_all(std::span<const Region> regions, int threads) {
  std::uint32_t total = 0;
#pragma omp parallel num_threads(threads) reduction(^ : total)
  for (const Region& region : regions) {
    const auto [begin, end] = my_part(region.bytes);
    total ^= xor_part(static_cast<const std::byte*>(region.data) + begin, end - begin);
  }
  return total;
}

void copy_all(const void* from, void* to, std::size_t bytes, int threads) {
  // Stores past the caches need whole vectors at their own alignment.
  const bool streamed =
      bytes >= kStreamedBytes && reinterpret_cast<std::uintptr_t>(to) % kLine == 0;
#pragma omp parallel num_threads(threads)
  {
    const auto [begin, end] = my_part(bytes);
    const std::byte* mine = static_cast<const std::byte*>(from) + begin;
    std::byte* target = static_cast<std::byte*>(to) + begin;
    if (streamed) {
      copy_past_caches(mine, target, end - begin);
    } else {
      std::memcpy(target, mine, end - begin);
    }
  }
}

}  // namespace
}  // namespace moat

MOAT_CPU_TABLE(TrafficLoops, moat_traffic) = {
    .xor_words = moat::xor_all,
    .copy_bytes = moat::copy_all,
};
