// SPDX-License-Identifier: Apache-2.0
// How far a long subcommand is, for a person who waits.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <string>

#include "bench/record/say.hpp"
#include "bench/run/terminal.hpp"

namespace moat {

// One line on standard error, rewritten at most ten times a second; nothing unless that is a
// terminal, and nothing in the first two seconds. Threads may call it.
class CodeProgress {
 public:
  explicit CodeProgress(std::string what) : what_(std::move(what)), terminal_(rewrites_lines()) {}
  CodeProgress(const CodeProgress&) = delete;
  CodeProgress& operator=(const CodeProgress&) = delete;
  ~CodeProgress() {
    if (shown_) say("\r\x1b[K");
  }

  void show(std::size_t done, std::size_t all) {
    if (!terminal_) return;
    const auto now = Clock::now();
    const std::scoped_lock lock(guard_);
    if (now - start_ < std::chrono::seconds(2)) return;
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    shown_ = true;
    say("\r\x1b[K{}: {} of {}", what_, done, all);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_;
  std::mutex guard_;
};

}  // namespace moat
