#include "bench/run/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <string_view>

#include "bench/run/exit_codes.hpp"

namespace moat {
namespace {

std::atomic<bool> interrupt_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_interrupt(int /*signal*/) {
  if (interrupt_seen.exchange(true)) _exit(kExitInterrupted);
  constexpr std::string_view kNote =
      "\nmoat: stopping; what was verified is kept (again: stop at once)\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kNote.data(), kNote.size());
}

}  // namespace

const std::atomic<bool>& interrupted() { return interrupt_seen; }

void install_interrupt_handler() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace moat
