// Which case is being measured, for a person who waits.
#pragma once

#include <string_view>

#include "bench/measure/clock.hpp"

namespace moat {

// One line on standard error that is rewritten; nothing unless that is a terminal.
class Progress {
 public:
  Progress(Clock& clock, int total);
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
};

}  // namespace moat
