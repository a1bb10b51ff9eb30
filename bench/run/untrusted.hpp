// SPDX-License-Identifier: Apache-2.0
// What is asked of code that is not this project's nor a vendor's, beside right results: that its
// work is done when it says so, and that the clocks tell how long it took.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "backends/device.hpp"
#include "bench/measure/measure.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"

namespace moat {

// Whether a call is over when it has returned, or on a device when its queue is through: solves the
// set into a poisoned output several times, and looks at the output at once and again after a
// while.
Check verify_settled(Device& device, Operands& operands, int output, const Solve& solve);

// How long the calls of a series lasted by a counter of the processor, from the first call of a
// sample to the end of the last one. A library can replace the functions that tell the time; this
// asks none: the counter by an instruction, and the kernel, which tells the counter's rate, by
// another.
class CallClock {
 public:
  CallClock();

  // Before a sample of `calls` calls, and around each of them.
  void expect(int calls) {
    left_ = calls;
    first_ = true;
  }
  void enter() {
    if (first_) begin_ = ticks();
    first_ = false;
  }
  void leave() {
    if (left_ > 0 && --left_ == 0) total_ += ticks() - begin_;
  }

  // What is wrong with the times of the series, if a call is over when it has returned: they are
  // shorter than the calls were. Empty if nothing is.
  std::string contradiction(const Measurement& measurement) const;

 private:
  static std::uint64_t ticks();
  static double kernel_seconds();

  std::uint64_t ticks_;  // when it was made
  double seconds_;
  std::uint64_t begin_ = 0;
  std::uint64_t total_ = 0;
  int left_ = 0;
  bool first_ = false;
};

}  // namespace moat
