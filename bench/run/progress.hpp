// SPDX-License-Identifier: Apache-2.0
// Which case is being measured, for a person who waits.
#pragma once

#include <string_view>

#include "bench/measure/clock.hpp"

namespace moat {

// One line on standard error that is rewritten. Where that is no terminal that can, a line for each
// step if `always`, else nothing.
class Progress {
 public:
  Progress(Clock& clock, int total, bool always = false);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // Before the next of the `total` steps.
  void step(std::string_view what);
  void clear();

 private:
  Clock& clock_;
  double start_;
  int total_;
  int done_ = 0;
  bool terminal_;
  bool always_;
};

}  // namespace moat
