// SPDX-License-Identifier: Apache-2.0
#include "bench/run/progress.hpp"

#include <fmt/format.h>

#include "bench/record/say.hpp"
#include "bench/run/terminal.hpp"

namespace moat {

Progress::Progress(Clock& clock, int total, bool always)
    : clock_(clock),
      start_(clock.now()),
      total_(total),
      terminal_(rewrites_lines()),
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
    // A line that wraps cannot be taken back.
    say("\r\x1b[K{}", first_columns(line, terminal_columns(80) - 1));
  } else {
    say("{}\n", line);
  }
}

void Progress::clear() {
  if (!terminal_) return;
  say("\r\x1b[K");
}

}  // namespace moat
