// SPDX-License-Identifier: Apache-2.0
#include "bench/record/standard_streams.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <system_error>

namespace moat {
namespace {

extern "C" void on_refused_write(int /*signal*/) {}

[[noreturn]] void fail(int error) {
  pollfd polled{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  const bool broken =
      error == EPIPE || (poll(&polled, 1, 0) > 0 && (polled.revents & POLLERR) != 0);
  if (broken) throw WriteError("");
  throw WriteError(fmt::format("standard output could not be written{}{}", error != 0 ? ": " : "",
                               error != 0 ? std::generic_category().message(error) : ""));
}

}  // namespace

void open_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. What may only be read refuses to be printed to.
    const int opened = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != descriptor && opened >= 0) {
      dup2(opened, descriptor);
      close(opened);
    }
  }
  // Not SIG_IGN, which the programs that this one starts would inherit.
  struct sigaction action {};
  action.sa_handler = on_refused_write;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGPIPE, SIGXFSZ}) sigaction(signal, &action, nullptr);
}

void print_out(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail(errno);
  if (std::fflush(stdout) != 0) fail(errno);
}

void flush_out() {
  errno = 0;
  std::cout.flush();
  if (std::fflush(stdout) != 0) fail(errno);
  if (!std::cout || std::ferror(stdout) != 0) fail(errno);
}

}  // namespace moat
