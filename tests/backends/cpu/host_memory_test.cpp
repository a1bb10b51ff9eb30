// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/host_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace moat::cpu {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

#ifdef __SANITIZE_ADDRESS__
constexpr bool kHasRange = false;
#else
constexpr bool kHasRange = true;
#endif

bool is_resident(void* p) {
  unsigned char page = 0;
  return mincore(p, 1, &page) == 0 && (page & 1) != 0;
}

TEST(HostMemory, BlocksAreAlignedAndApartAndKeepWhatIsWritten) {
  HostMemory memory(64 * kMiB, false);
  std::mt19937 random(1);
  struct Block {
    std::byte* at;
    std::size_t bytes;
    std::byte value;
  };
  std::vector<Block> blocks;
  const auto expect_values = [](const Block& b) {
    for (std::size_t i = 0; i < b.bytes; ++i) ASSERT_EQ(b.at[i], b.value) << i;
  };
  for (int i = 0; i < 2000; ++i) {
    if (!blocks.empty() && random() % 2 == 0) {
      const std::size_t at = random() % blocks.size();
      expect_values(blocks[at]);
      memory.release(blocks[at].at);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const std::size_t bytes = random() % (random() % 8 == 0 ? 3 * kMiB : 5000);
    auto* p = static_cast<std::byte*>(memory.allocate(bytes));
    if (p == nullptr) continue;
    EXPECT_EQ(address(p) % HostMemory::kAlignment, 0u);
    EXPECT_TRUE(bytes < HostMemory::kHugePage || address(p) % HostMemory::kHugePage == 0);
    const auto value = static_cast<std::byte>(i);
    std::memset(p, i, bytes);
    blocks.push_back({p, bytes, value});
  }
  EXPECT_GT(blocks.size(), 20u);
  for (const Block& b : blocks) {
    expect_values(b);
    memory.release(b.at);
  }
  if (!kHasRange) return;
  // Everything is free again, and in one piece.
  void* all = memory.allocate(64 * kMiB);
  EXPECT_NE(all, nullptr);
  EXPECT_EQ(memory.allocate(1), nullptr);
  memory.release(all);
  memory.release(nullptr);
}

TEST(HostMemory, NoBlockIsLongerThanTheRange) {
  HostMemory memory(4 * kMiB, true);
  EXPECT_EQ(memory.allocate(SIZE_MAX), nullptr);
  EXPECT_TRUE(!kHasRange || memory.allocate(5 * kMiB) == nullptr);
}

TEST(HostMemory, PagesOutliveTheirBlockIfTheyAreKept) {
  if (!kHasRange) GTEST_SKIP() << "blocks are the C library's";
  for (const bool keeps : {true, false}) {
    HostMemory memory(64 * kMiB, keeps);
    // Two that share a page: it goes with the second.
    auto* first = static_cast<std::byte*>(memory.allocate(kMiB + 1));
    auto* second = static_cast<std::byte*>(memory.allocate(2 * kMiB - 1));
    auto* behind = static_cast<std::byte*>(memory.allocate(kMiB));
    std::memset(first, 1, kMiB + 1);
    std::memset(second, 2, 2 * kMiB - 1);
    std::memset(behind, 3, kMiB);
    memory.release(first);
    EXPECT_EQ(second[0], std::byte{2});
    memory.release(second);
    // Nothing else wants memory at once.
    EXPECT_EQ(is_resident(first), keeps);
    EXPECT_EQ(behind[0], std::byte{3});
    EXPECT_EQ(memory.allocate(kMiB), first) << "the lowest free range";
  }
}

// Of addresses that are limited none are set aside.
TEST(HostMemory, BlocksOfALimitedProcessAreTheLibrarys) {
  if (!kHasRange) GTEST_SKIP() << "blocks are the C library's";
  for (const int resource : {RLIMIT_AS, RLIMIT_DATA}) {
    EXPECT_EXIT(
        {
          rlimit limit{};
          if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) std::exit(2);
          limit.rlim_cur = std::size_t{64} << 30;
          if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) std::exit(2);
          HostMemory memory(4 * kMiB, true);
          void* first = memory.allocate(3 * kMiB);
          // Not in a range of 4 MiB.
          void* second = memory.allocate(3 * kMiB);
          if (first == nullptr || second == nullptr) std::exit(3);
          if (address(second) % HostMemory::kHugePage != 0) std::exit(4);
          std::memset(second, 1, 3 * kMiB);
          memory.release(first);
          memory.release(second);
          std::exit(0);
        },
        ::testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace moat::cpu
