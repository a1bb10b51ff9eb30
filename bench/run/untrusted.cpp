// SPDX-License-Identifier: Apache-2.0
#include "bench/run/untrusted.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>
#include <vector>

namespace moat {
namespace {

// Twice by chance, and once for code that waits for the next call.
constexpr int kSettledCalls = 3;
constexpr double kRest = 0.02;  // seconds
constexpr double kMostRest = 1.0;

// A system call without the C library, which others may have changed.
long kernel_clock(timespec* time) {
#if defined(__x86_64__)
  long result = SYS_clock_gettime;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(CLOCK_MONOTONIC_RAW), "S"(time)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long number asm("x8") = SYS_clock_gettime;
  register long result asm("x0") = CLOCK_MONOTONIC_RAW;
  register timespec* where asm("x1") = time;
  asm volatile("svc #0" : "+r"(result) : "r"(number), "r"(where) : "memory");
  return result;
#else
  return syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, time);
#endif
}

}  // namespace

Check verify_settled(Device& device, Operands& operands, int output, const Solve& solve) {
  for (int i = 0; i < kSettledCalls; ++i) {
    operands.poison(output);
    const auto start = std::chrono::steady_clock::now();
    device.start_timer();
    solve(operands.problem(output));
    device.stop_timer();
    device.elapsed();  // of a queue: when it is through
    const std::vector<std::byte> at_once = operands.download(output);
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::this_thread::sleep_for(
        std::chrono::duration<double>(std::clamp(2 * took, kRest, kMostRest)));
    const std::vector<std::byte> later = operands.download(output);
    if (at_once == later) continue;
    const auto at = std::ranges::mismatch(at_once, later).in1 - at_once.begin();
    return {.message =
                fmt::format("byte {} of the output was written after the call was over", at)};
  }
  return {.passed = true};
}

CallClock::CallClock() : ticks_(ticks()), seconds_(kernel_seconds()) {}

double CallClock::kernel_seconds() {
  timespec t{};
  if (kernel_clock(&t) != 0) return std::nan("");
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::uint64_t CallClock::ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  std::uint64_t count = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
#else
  timespec t{};
  kernel_clock(&t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(t.tv_nsec);
#endif
}

std::string CallClock::contradiction(const Measurement& m) const {
  // Of the counter against the clock, whose rate a time server may change a little, and of what a
  // sample begins and ends with.
  constexpr double kRate = 0.98;
  constexpr double kPerSample = 2e-6;
  const double rate =
      static_cast<double>(ticks() - ticks_) / (kernel_seconds() - seconds_);  // ticks a second
  if (!(rate > 0) || !std::isfinite(rate)) return "";
  double told = 0;
  for (const double s : m.samples) told += s * m.batch;
  for (const Discarded& d : m.discarded) {
    if (std::isfinite(d.seconds)) told += d.seconds * m.batch;
  }
  const double lasted = static_cast<double>(total_) / rate;
  const double samples = static_cast<double>(m.samples.size() + m.discarded.size());
  if (told + samples * kPerSample >= kRate * lasted) return "";
  return fmt::format(
      "the clock was touched: the calls of {} samples took {:.3g} s by the process's clock, and "
      "{:.3g} s by a counter of the processor",
      samples, told, lasted);
}

}  // namespace moat
