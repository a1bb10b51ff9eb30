// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/told.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/plugin/child.hpp"
#include "bench/run/interrupt.hpp"

namespace moat {
namespace {

// The keys of a shape as texts.
class Texts final : public ShapeKeys {
 public:
  void dimension(std::string_view key, int& value) override { add(key, std::to_string(value)); }
  void length(std::string_view key, std::int64_t& value) override {
    add(key, std::to_string(value));
  }
  void optional_dimension(std::string_view key, std::int64_t& value) override {
    add(key, std::to_string(value));
  }
  void flag(std::string_view word, bool& value) override { add(word, value ? "1" : "0"); }
  void other_type(std::optional<DType>&) override {}
  void code(Code&) override {}
  void optional_code(std::optional<Code>&) override {}
  void optional_real(std::string_view key, float& value, float) override {
    add(key, fmt::format("{}", value));
  }
  void optional_type(std::string_view, std::optional<DType>&) override {}

  void add(std::string_view key, std::string text) { all.emplace_back(key, std::move(text)); }

  std::vector<std::pair<std::string, std::string>> all;
};

Texts texts_of(Problem problem) {
  Texts texts;
  const std::string name = case_name(problem);
  const std::size_t first = name.find('/');
  texts.add("case", name);
  texts.add("kernel", name.substr(0, first));
  texts.add("dtype", name.substr(first + 1, name.find('/', first + 1) - first - 1));
  std::visit([&](auto& p) { shape(p, texts); }, problem);
  return texts;
}

std::string_view without_spaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::optional<double> unit_seconds(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
      {{"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}}};
  for (const auto& [name, seconds] : kUnits) {
    if (name == unit) return seconds;
  }
  return std::nullopt;
}

// A shell's output, and how it ended; null reason if it ended with 0.
struct Shell {
  std::string output;
  std::string why;
};

Shell run_shell(const std::string& command, double seconds) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {.output = {}, .why = "no pipe could be made"};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    const int none = open("/dev/null", O_RDONLY);
    if (none >= 0) dup2(none, STDIN_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  Shell shell;
  if (child < 0) {
    close(ends[0]);
    return {.output = {}, .why = "no process could be started"};
  }
  setpgid(child, child);
  pass_interrupts_to(child);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  bool late = false;
  int status = 0;
  constexpr std::size_t kMostKept = std::size_t{1} << 20;
  // A process that it left behind may hold the pipe: the shell's own end counts.
  for (bool ended = false; !ended;) {
    ended = waitpid(child, &status, WNOHANG) != 0;
    if (!ended && std::chrono::steady_clock::now() > end) {
      late = true;
      kill(-child, SIGKILL);
    }
    pollfd polled{.fd = ends[0], .events = POLLIN, .revents = 0};
    while (poll(&polled, 1, ended ? 0 : 10) > 0 && (polled.revents & POLLIN) != 0) {
      std::array<char, 4096> part;
      const ssize_t n = read(ends[0], part.data(), part.size());
      if (n <= 0) break;
      shell.output.append(part.data(), static_cast<std::size_t>(n));
      if (shell.output.size() > 2 * kMostKept) shell.output.erase(0, kMostKept);
      if (std::chrono::steady_clock::now() > end) break;
    }
    // Closed, and the shell is still there.
    if (!ended && (polled.revents & POLLHUP) != 0) usleep(10'000);
  }
  pass_interrupts_to(0);
  kill(-child, SIGKILL);
  close(ends[0]);
  if (late) {
    shell.why = fmt::format("it did not end within {:g} s", seconds);
  } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    shell.why = "it " + end_text(status);
  }
  return shell;
}

}  // namespace

std::string fill_in(std::string_view text, const Problem& problem) {
  const Texts texts = texts_of(problem);
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && text.substr(i + 1, 1) == std::string_view(&c, 1)) {
      filled += c;
      ++i;
      continue;
    }
    if (c != '{') {
      filled += c;
      continue;
    }
    const std::size_t end = text.find('}', i);
    const std::string_view key =
        text.substr(i + 1, end == std::string_view::npos ? end : end - i - 1);
    std::string known;
    bool found = false;
    for (const auto& [name, value] : texts.all) {
      known += fmt::format(" {{{}}}", name);
      if (name != key || end == std::string_view::npos) continue;
      filled += value;
      found = true;
    }
    if (!found) {
      throw CommandError(fmt::format("{{{}}} is nothing of {}, which has{} (braces: {{{{ and }}}})",
                                     key, case_name(problem), known));
    }
    i = end;
  }
  return filled;
}

Reading<double> parse_told_time(std::string_view output) {
  const auto none = [](const std::string& why) { return Reading<double>::none(why); };
  std::string_view last;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const std::string_view line = without_spaces(output.substr(0, end));
    if (line.starts_with("time ")) last = line;
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  if (last.empty()) return none("it printed no time: a line such as 'time 1.23 us'");
  const std::string_view number = without_spaces(last.substr(5));
  double value = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const auto unit = unit_seconds(without_spaces(
      std::string_view(rest, static_cast<std::size_t>(number.data() + number.size() - rest))));
  if (error != std::errc() || !unit || !(value > 0) || !std::isfinite(value)) {
    return none(
        fmt::format("it printed '{}', which is no time: 'time 1.23 us', in s, ms, us or ns", last));
  }
  return Reading<double>::of(value * *unit);
}

ToldRecord ask_command(const std::string& command, const Problem& problem, double seconds) {
  ToldRecord told{.problem = case_name(problem),
                  .command = fill_in(command, problem),
                  .seconds = Reading<double>::none("not asked")};
  const Shell shell = run_shell(told.command, seconds);
  told.seconds =
      shell.why.empty() ? parse_told_time(shell.output) : Reading<double>::none(shell.why);
  return told;
}

}  // namespace moat
