// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/scheduling.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "backends/cpu/processor.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

TEST(Wait, TellsWhatThreadsWaitedMeanwhile) {
  ScriptedScheduling source;
  source.now.waited_seconds = 7;
  const Wait wait(&source);
  EXPECT_EQ(wait.seconds(), 0);
  source.now.waited_seconds += 4e-3;
  source.now.involuntary_switches += 1;
  EXPECT_NEAR(wait.seconds(), 4e-3, 1e-12);
}

// A thread that slept takes a moment to wake on an idle processor: that is its own time.
TEST(Wait, WakingUpIsNoWait) {
  ScriptedScheduling source;
  const Wait wait(&source);
  source.now.voluntary_switches += 3;
  source.now.waited_seconds += 1.2e-4;
  EXPECT_EQ(wait.seconds(), 0);
  source.now.waited_seconds = 4e-3;
  EXPECT_GT(wait.seconds(), 3.5e-3);
}

TEST(Wait, ClaimsNothingThatTheSystemDoesNotTell) {
  EXPECT_EQ(Wait(nullptr).seconds(), 0);
  ScriptedScheduling source;
  source.untold = "no such file";
  const Wait wait(&source);
  source.now.waited_seconds = 1;
  EXPECT_EQ(wait.seconds(), 0);
  // Told only once: no difference can be taken.
  source.untold.clear();
  EXPECT_EQ(wait.seconds(), 0);
}

class SystemScheduling : public testing::Test {
 protected:
  void SetUp() override {
    if (!source_->totals()) GTEST_SKIP() << source_->reason();
  }

  const std::unique_ptr<Scheduling> source_ = make_system_scheduling();
};

void work_for(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Two threads that want the same processor: whatever else runs on it, one of them waits.
TEST_F(SystemScheduling, SeesAThreadThatSharesItsProcessor) {
  const std::vector<int> allowed = cpu::allowed_processors();
  ASSERT_FALSE(allowed.empty());
  double waited = 0;
  std::thread([&] {
    ASSERT_TRUE(cpu::keep_on({allowed.front()}));
    std::atomic<bool> stop = false;
    std::thread other([&] {
      while (!stop) {
      }
    });
    work_for(0.02);
    const Wait wait(source_.get());
    work_for(0.1);
    waited = wait.seconds();
    stop = true;
    other.join();
  }).join();
  EXPECT_GT(waited, 0.02);
}

// Pools of threads end and begin between the libraries' parallel regions.
TEST_F(SystemScheduling, NeverFallsWhenThreadsEnd) {
  SchedulingTotals before = *source_->totals();
  for (int i = 0; i < 20; ++i) {
    std::thread a([] { work_for(1e-3); });
    const SchedulingTotals among = *source_->totals();
    std::thread b([] { work_for(1e-3); });
    a.join();
    b.join();
    const SchedulingTotals after = *source_->totals();
    EXPECT_GE(among.waited_seconds, before.waited_seconds);
    EXPECT_GE(after.waited_seconds, among.waited_seconds);
    EXPECT_GE(after.voluntary_switches, before.voluntary_switches);
    before = after;
  }
}

}  // namespace
}  // namespace moat
