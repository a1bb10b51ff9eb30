// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/scheduling.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace moat {
namespace {

// From a wake-up to the first instruction a thread of an idle processor takes up to this long, most
// of it to leave the processor's sleep. That is the implementation's own cost, no one else's work;
// whoever waits for a busy processor waits for milliseconds.
constexpr double kWakeUp = 50e-6;

constexpr double kNanosecond = 1e-9;

// An open file; closed at the end.
class File {
 public:
  File() = default;
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) close(fd_);
  }

  int descriptor() const { return fd_; }

  // The file's first bytes as they are at this moment; empty if it cannot be read.
  std::string_view read(std::span<char> buffer) const {
    const ssize_t count = fd_ >= 0 ? pread(fd_, buffer.data(), buffer.size(), 0) : -1;
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

 private:
  int fd_ = -1;
};

// The next number of a text of numbers and other words; empty at its end.
std::optional<std::uint64_t> next_number(std::string_view& text) {
  const auto begin = text.find_first_of("0123456789");
  if (begin == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + begin, end, number);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// "time running, time waiting, times given a processor", in nanoseconds.
struct Schedstat {
  std::uint64_t waited = 0;
  std::uint64_t slices = 0;
};

std::optional<Schedstat> read_schedstat(const File& file) {
  std::array<char, 96> buffer{};
  std::string_view text = file.read(buffer);
  const auto ran = next_number(text);
  const auto waited = next_number(text);
  const auto slices = next_number(text);
  if (!ran || !waited || !slices) return std::nullopt;
  return Schedstat{.waited = *waited, .slices = *slices};
}

class LinuxScheduling final : public Scheduling {
 public:
  LinuxScheduling() {
    const auto own = read_schedstat(File("/proc/self/schedstat"));
    if (!own) {
      reason_ = "/proc/self/schedstat cannot be read";
    } else if (own->slices == 0) {
      reason_ = "the kernel does not fill /proc/self/schedstat";
    } else if (!find_threads()) {
      reason_ = "/proc/self/task/*/schedstat cannot be read";
    }
  }

  std::optional<SchedulingTotals> totals() override {
    if (!reason_.empty()) return std::nullopt;
    // Threads come and go between the parallel regions of different libraries.
    if (thread_count() != threads_.size()) find_threads();
    if (!read_threads()) {
      find_threads();
      read_threads();
    }
    std::uint64_t waited = gone_;
    for (const Thread& t : threads_) waited += t.waited;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return SchedulingTotals{.waited_seconds = static_cast<double>(waited) * kNanosecond,
                            .voluntary_switches = usage.ru_nvcsw,
                            .involuntary_switches = usage.ru_nivcsw};
  }

  std::string reason() const override { return reason_; }

  std::optional<double> steal_seconds() override {
    // "cpu  user nice system idle iowait irq softirq steal …", in ticks.
    std::array<char, 256> buffer{};
    std::string_view text = File("/proc/stat").read(buffer);
    text = text.substr(0, text.find('\n'));
    std::optional<std::uint64_t> steal;
    for (int field = 0; field < 8; ++field) {
      steal = next_number(text);
      if (!steal) return std::nullopt;
    }
    return static_cast<double>(*steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  struct Thread {
    int id = 0;
    File file;
    std::uint64_t waited = 0;
  };

  // A folder has a link for each that lies in it, and two of its own.
  std::size_t thread_count() const {
    struct stat s {};
    return fstat(tasks_.descriptor(), &s) == 0 && s.st_nlink > 2 ? s.st_nlink - 2 : 0;
  }

  // False if one of them has ended.
  bool read_threads() {
    bool all = true;
    for (Thread& t : threads_) {
      const auto now = read_schedstat(t.file);
      if (now) t.waited = now->waited;
      all &= now.has_value();
    }
    return all;
  }

  // What ended threads waited stays in the sum.
  bool find_threads() {
    std::vector<Thread> found;
    DIR* folder = opendir("/proc/self/task");
    if (folder == nullptr) return false;
    while (const dirent* entry = readdir(folder)) {
      int id = 0;
      const std::string_view name = entry->d_name;
      if (std::from_chars(name.data(), name.data() + name.size(), id).ec != std::errc()) continue;
      Thread t{.id = id, .file = File("/proc/self/task/" + std::string(name) + "/schedstat")};
      if (const auto now = read_schedstat(t.file)) {
        t.waited = now->waited;
        found.push_back(std::move(t));
      }
    }
    closedir(folder);
    for (const Thread& t : threads_) {
      if (std::ranges::find(found, t.id, &Thread::id) == found.end()) gone_ += t.waited;
    }
    threads_ = std::move(found);
    return !threads_.empty();
  }

  std::string reason_;
  File tasks_{"/proc/self/task"};
  std::vector<Thread> threads_;
  std::uint64_t gone_ = 0;
};

}  // namespace

std::unique_ptr<Scheduling> make_system_scheduling() { return std::make_unique<LinuxScheduling>(); }

Wait::Wait(Scheduling* source) : source_(source) {
  if (source_ != nullptr) before_ = source_->totals();
}

double Wait::seconds() const {
  if (!before_) return 0;
  const auto after = source_->totals();
  if (!after) return 0;
  const auto woken = static_cast<double>(after->voluntary_switches - before_->voluntary_switches);
  return std::max(after->waited_seconds - before_->waited_seconds - kWakeUp * woken, 0.0);
}

}  // namespace moat
