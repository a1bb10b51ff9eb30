// SPDX-License-Identifier: Apache-2.0
#include "bench/text/progress.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace moat {
namespace {

class ScriptedClock final : public Clock {
 public:
  double now() override { return seconds; }
  double seconds = 100;
};

// Standard error is a terminal of 40 columns for as long as this lives.
class Terminal {
 public:
  Terminal() : before_(dup(STDERR_FILENO)) {
    const winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
    int terminal = -1;
    if (openpty(&master_, &terminal, nullptr, nullptr, &size) != 0) return;
    fcntl(master_, F_SETFL, O_NONBLOCK);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    setenv("TERM", "xterm", 1);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(master_);
  }

  // What was written since the last call.
  std::string shown() const {
    char text[4096];
    const ssize_t n = read(master_, text, sizeof text);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : "";
  }

 private:
  int before_;
  int master_ = -1;
};

TEST(Progress, RewritesOneLineOfATerminalAndTakesItBack) {
  ScriptedClock clock;
  const Terminal terminal;
  {
    Progress progress(clock, {.total = 3});
    progress.step("first");
    EXPECT_EQ(terminal.shown(), "\r\x1b[K[1/3] first, 0 s");
    clock.seconds += 4;
    progress.step("second");
    EXPECT_EQ(terminal.shown(), "\r\x1b[K[2/3] second, 4 s, about 8 s left");
    progress.step("a name that is longer than the terminal is wide");
    EXPECT_EQ(terminal.shown(), "\r\x1b[K[3/3] a name that is longer than the te");
  }
  EXPECT_EQ(terminal.shown(), "\r\x1b[K");
}

TEST(Progress, SeldomIsSilentForTwoSecondsAndThenTenTimesASecond) {
  ScriptedClock clock;
  const Terminal terminal;
  Progress progress(clock, {.seldom = true});
  clock.seconds += 1.9;
  progress.step(1, 9, "file");
  progress.clear();
  EXPECT_EQ(terminal.shown(), "");
  clock.seconds += 0.2;
  progress.step(2, 9, "file");
  EXPECT_NE(terminal.shown().find("[2/9] file, 2 s"), std::string::npos);
  clock.seconds += 0.05;
  progress.step(3, 9, "file");
  EXPECT_EQ(terminal.shown(), "");
  clock.seconds += 0.06;
  progress.step(4, 9, "file");
  EXPECT_NE(terminal.shown().find("[4/9] file"), std::string::npos);
}

TEST(Progress, OfUnknownLengthPromisesNoEnd) {
  ScriptedClock clock;
  const Terminal terminal;
  Progress progress(clock);
  clock.seconds += 3;
  progress.step(5, 0, "commit");
  EXPECT_EQ(terminal.shown(), "\r\x1b[K[5] commit, 3 s");
}

TEST(Progress, WithoutATerminalIsALineForEachStepOrNothing) {
  ScriptedClock clock;
  testing::internal::CaptureStderr();
  {
    Progress silent(clock, {.total = 2});
    silent.step("one");
    Progress progress(clock, {.total = 2, .always = true});
    progress.step("one");
    clock.seconds += 2;
    progress.step("two");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "[1/2] one, 0 s\n[2/2] two, 2 s, about 2 s left\n");
}

}  // namespace
}  // namespace moat
