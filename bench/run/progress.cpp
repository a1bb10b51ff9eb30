#include "bench/run/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace moat {

Progress::Progress(Clock& clock, int total, bool always)
    : clock_(clock),
      start_(clock.now()),
      total_(total),
      terminal_(isatty(STDERR_FILENO) == 1),
      always_(always) {}

void Progress::step(std::string_view what) {
  const double elapsed = clock_.now() - start_;
  ++done_;
  if (!terminal_ && !always_) return;
  std::string line = fmt::format("[{}/{}] {}, {:.0f} s", done_, total_, what, elapsed);
  if (done_ > 1) {
    line += fmt::format(", about {:.0f} s left", elapsed / (done_ - 1) * (total_ - done_ + 1));
  }
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (!terminal_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace moat
