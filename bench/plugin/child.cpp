// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

#include "backends/cpu/processor.hpp"
#include "bench/plugin/watch.hpp"
#include "bench/run/interrupt.hpp"

namespace moat {
namespace {

using Seconds = std::chrono::duration<double>;

// A file without a name.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : fd_(memfd_create(name, MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::write(fd_, text.data(), text.size());
      if (n < 0) throw std::system_error(errno, std::generic_category(), "memfd");
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    lseek(fd_, 0, SEEK_SET);
  }

  std::string read() const {
    lseek(fd_, 0, SEEK_SET);
    std::string text;
    std::array<char, 1 << 16> part;
    for (ssize_t n = 0; (n = ::read(fd_, part.data(), part.size())) > 0;) {
      text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int fd_;
};

// The page on both sides.
class Page {
 public:
  Page() : file_("moat-watch") {
    if (ftruncate(file_.fd(), sizeof(WatchPage)) != 0) {
      throw std::system_error(errno, std::generic_category(), "memfd");
    }
    page_ = map_watch_page(file_.fd());
  }
  ~Page() { munmap(page_, sizeof(WatchPage)); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  int fd() const { return file_.fd(); }
  const WatchPage* operator->() const { return page_; }

 private:
  MemoryFile file_;
  WatchPage* page_;
};

// Between fork and exec, where only what a signal handler may do is safe.
[[noreturn]] void become(const std::array<int, 2>& kept, int input, pid_t parent,
                         char* const* argv) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before
  for (const int fd : kept) fcntl(fd, F_SETFD, 0);
  dup2(input, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  execv("/proc/self/exe", argv);
  _exit(127);
}

}  // namespace

std::string end_text(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("crashed: signal {} ({})", signal, strsignal(signal));
  }
  return fmt::format("ended the process with exit code {}", WEXITSTATUS(status));
}

ChildResult run_child(const ChildOptions& options) {
  const MemoryFile result("moat-result");
  const MemoryFile input("moat-input");
  input.write(options.input);
  const Page page;
  std::vector<std::string> arguments = {"moat"};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  arguments.push_back(options.option);
  arguments.push_back(fmt::format("{},{}", result.fd(), page.fd()));
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0 && !options.processors.empty()) cpu::keep_on(options.processors);
  if (child == 0) become({result.fd(), page.fd()}, input.fd(), parent, argv.data());
  setpgid(child, child);
  pass_interrupts_to(child);
  if (interrupted()) kill(child, SIGTERM);

  bool hung = false;
  int status = 0;
  std::uint64_t calls = 0;
  auto since = std::chrono::steady_clock::now();
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
    const auto now = std::chrono::steady_clock::now();
    const std::uint64_t begun = page->calls.load(std::memory_order_relaxed);
    if (begun != calls || page->inside.load(std::memory_order_relaxed) == 0) {
      calls = begun;
      since = now;
    } else if (!hung && Seconds(now - since).count() > options.call_seconds) {
      hung = true;
      kill(-child, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  pass_interrupts_to(0);
  kill(-child, SIGKILL);  // what it left behind

  ChildResult r;
  r.result = result.read();
  // A plug-in that ends its process with 0 has left no result.
  r.good = !hung && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !r.result.empty();
  r.spoiled = page->spoiled - 1;
  const int inside = page->inside - 1;
  r.plugin = inside >= 0 ? inside : page->last - 1;
  if (hung) {
    r.end = fmt::format("did not return within {:g} s", options.call_seconds);
  } else if (!r.good) {
    r.end = end_text(status);
    if (inside < 0 && WIFSIGNALED(status)) r.end += ", after its call had returned";
  }
  return r;
}

}  // namespace moat
