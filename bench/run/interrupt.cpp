// SPDX-License-Identifier: Apache-2.0
#include "bench/run/interrupt.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "bench/text/exit_codes.hpp"

namespace moat {
namespace {

std::atomic<bool> interrupt_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free);

std::atomic<bool> time_is_over = false;

std::array<std::atomic<pid_t>, 2> children = {0, 0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

extern "C" void on_interrupt(int signal) {
  const int error = errno;
  if (interrupt_seen.exchange(true)) {
    // The first that a user sends does not lose what is being written.
    if (time_is_over.exchange(false)) return;
    if (signal != SIGHUP) _exit(kExitInterrupted);
    return;
  }
  for (const auto& child : children) {
    if (const pid_t pid = child.load(); pid > 0) kill(pid, SIGTERM);
  }
  constexpr std::string_view kNote =
      "\nmoat: stopping; what was verified is kept (again: stop at once)\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kNote.data(), kNote.size());
  errno = error;
}

}  // namespace

const std::atomic<bool>& interrupted() { return interrupt_seen; }

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction before {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

void end_in_time() {
  if (!interrupt_seen.exchange(true)) time_is_over = true;
}

bool out_of_time() { return time_is_over; }

void pass_interrupts_to(pid_t child) {
  for (auto& slot : children) {
    pid_t empty = 0;
    if (child == 0) {
      slot = 0;
    } else if (slot.compare_exchange_strong(empty, child)) {
      return;
    }
  }
}

}  // namespace moat
