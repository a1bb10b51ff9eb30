// SPDX-License-Identifier: Apache-2.0
#include "bench/text/progress.hpp"

#include <fmt/format.h>

#include <string>

#include "bench/record/say.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

constexpr double kSilentSeconds = 2;
constexpr double kSeldomSeconds = 0.1;

}  // namespace

Progress::Progress(Clock& clock, const ProgressOptions& options)
    : clock_(clock),
      options_(options),
      terminal_(rewrites_lines() && !options.never),
      start_(clock.now()) {}

void Progress::step(std::size_t number, std::size_t total, std::string_view what) {
  const std::scoped_lock lock(guard_);
  const double now = clock_.now();
  const double elapsed = now - start_;
  if (options_.never || (!terminal_ && !options_.always)) return;
  if (options_.seldom && (elapsed < kSilentSeconds || now - last_ < kSeldomSeconds)) return;
  last_ = now;
  const std::string of = total > 0 ? fmt::format("/{}", total) : "";
  std::string line = fmt::format("[{}{}] {}, {:.0f} s", number, of, what, elapsed);
  if (number > 1 && number <= total) {
    line += fmt::format(", about {:.0f} s left", elapsed / static_cast<double>(number - 1) *
                                                     static_cast<double>(total - number + 1));
  }
  if (terminal_) {
    shown_ = true;
    // A line that wraps cannot be taken back.
    say("\r\x1b[K{}", first_columns(line, terminal_columns(80) - 1));
  } else {
    say("{}\n", line);
  }
}

void Progress::clear() {
  const std::scoped_lock lock(guard_);
  if (shown_) say("\r\x1b[K");
  shown_ = false;
}

}  // namespace moat
