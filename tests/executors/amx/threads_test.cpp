// SPDX-License-Identifier: Apache-2.0
// Tiles and their configuration are a thread's own.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/executors/amx/interpreted.hpp"

namespace moat::amx {
namespace {

class AmxThreads : public Interpreted {};

TEST_F(AmxThreads, HaveTheirOwnTiles) {
  constexpr int kThreads = 5;
  std::atomic<int> waiting = kThreads;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Thread t has t + 1 rows, all of whose bytes are t + 1.
      const Configuration config = configuration(t + 1, 16, 16);
      std::vector<std::uint8_t> from(16 * 64, static_cast<std::uint8_t>(t + 1));
      const std::int64_t stride = 64;
      asm volatile("ldtilecfg (%0)\n tileloadd (%1,%2,1), %%tmm0" ::"r"(&config), "r"(from.data()),
                   "r"(stride)
                   : "memory");
      --waiting;
      while (waiting > 0) std::this_thread::yield();  // until all have loaded
      for (int i = 0; i < 50; ++i) {
        std::vector<std::uint8_t> to(16 * 64, 0);
        asm volatile("tilestored %%tmm0, (%0,%1,1)" ::"r"(to.data()), "r"(stride) : "memory");
        for (int b = 0; b < 16 * 64; ++b) {
          if (to[static_cast<std::size_t>(b)] != (b < (t + 1) * 64 ? t + 1 : 0)) ++wrong;
        }
      }
      asm volatile("tilerelease");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(AmxThreads, CountWhatIsInterpreted) {
  if (has_matrix_unit()) GTEST_SKIP() << "the processor executes matrix instructions itself";
  const auto before = executed(Operation::tilezero);
  const Configuration config = configuration(16, 16, 16);
  EXPECT_FALSE(tiles_in_use());
  asm volatile("ldtilecfg (%0)\n tilezero %%tmm0\n tilezero %%tmm2" ::"r"(&config) : "memory");
  EXPECT_TRUE(tiles_in_use());
  asm volatile("tilerelease");
  EXPECT_FALSE(tiles_in_use());
  EXPECT_EQ(executed(Operation::tilezero), before + 2);
}

}  // namespace
}  // namespace moat::amx
