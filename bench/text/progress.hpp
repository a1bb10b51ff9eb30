// SPDX-License-Identifier: Apache-2.0
// Which step of a long command is under way, for a person who waits.
#pragma once

#include <cstddef>
#include <limits>
#include <mutex>
#include <string_view>

#include "bench/measure/clock.hpp"

namespace moat {

struct ProgressOptions {
  std::size_t total = 0;  // steps of step(what)
  // A line for each step where standard error is no terminal that can rewrite one.
  bool always = false;
  // Steps are many and short: nothing in the first two seconds, then ten times a second at most.
  bool seldom = false;
  // Another process shows it.
  bool never = false;
};

// One line on standard error that is rewritten. Where that is no terminal that can, nothing unless
// `always`. Threads may call it.
class Progress {
 public:
  explicit Progress(Clock& clock, const ProgressOptions& options = {});
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // Step `number` of `total`, counted from 1, begins; `total` is 0 where nobody knows.
  void step(std::size_t number, std::size_t total, std::string_view what);
  // The next of the `total` steps of the options begins.
  void step(std::string_view what) { step(++begun_, options_.total, what); }
  void clear();

 private:
  Clock& clock_;
  ProgressOptions options_;
  bool terminal_;
  double start_;
  double last_ = -std::numeric_limits<double>::infinity();  // when a line was last shown
  std::size_t begun_ = 0;
  bool shown_ = false;
  std::mutex guard_;
};

}  // namespace moat
