// SPDX-License-Identifier: Apache-2.0
// Whether the threads of this process had a processor while they were timed: what the operating
// system knows, as an interface so that tests can script it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace moat {

// Totals of all threads of the process together, since any fixed moment; none ever falls.
struct SchedulingTotals {
  // Ready to run, but without a processor. Linux counts nanoseconds, and adds them when the thread
  // runs again; what the host below a virtual machine does is not among them.
  double waited_seconds = 0;
  std::int64_t voluntary_switches = 0;    // a thread went to sleep
  std::int64_t involuntary_switches = 0;  // a thread had to leave its processor
};

class Scheduling {
 public:
  virtual ~Scheduling() = default;
  // Empty where the system does not tell.
  virtual std::optional<SchedulingTotals> totals() = 0;
  // Why totals() is empty.
  virtual std::string reason() const = 0;
  // What the host of a virtual machine gave to others, of all processors together since the start
  // of the system, in ticks of 10 ms; empty where that is not told.
  virtual std::optional<double> steal_seconds() = 0;
};

// Reads /proc/self/task/*/schedstat (second field; kernels with CONFIG_SCHED_INFO), getrusage and
// /proc/stat. The files stay open: a reading takes 0.6 µs a thread and 1.5 µs, on a server of 2025.
// gVisor, WSL 1 and other systems have no such file.
std::unique_ptr<Scheduling> make_system_scheduling();

// Readings around a piece of work; the source outlives it, and may be null: then nothing is told.
class Wait {
 public:
  explicit Wait(Scheduling* source);

  // Seconds that threads waited since the construction, all together, beyond what it takes to wake
  // those that slept. 0 where the system does not tell.
  double seconds() const;

 private:
  Scheduling* source_;
  std::optional<SchedulingTotals> before_;
};

// Work whose threads waited for more than this share of its time was not timed but its neighbours'.
inline constexpr double kDisturbedShare = 0.01;

}  // namespace moat
