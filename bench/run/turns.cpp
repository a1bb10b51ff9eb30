// SPDX-License-Identifier: Apache-2.0
#include "bench/run/turns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace moat {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool LineReader::read(std::string& line) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return true;
    }
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(fd_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

Turns::Turns(int in, int out, const std::vector<std::string>& planned) : in_(in), out_(out) {
  std::string text = "moat-turns 1\n";
  for (const auto& name : planned) text += fmt::format("group {}\n", name);
  write_all(out_, text + "planned\n");
}

bool Turns::next_round(const std::string& group, bool wanted, std::vector<int>& calls) {
  const std::string question =
      fmt::format("round {} {} {}\n", wanted ? 1 : 0, format_calls(calls), group);
  if (!write_all(out_, question)) return false;
  // One answer at a time is under way: nothing is lost between readers.
  constexpr std::string_view kSample = "sample ";
  std::string answer;
  if (!LineReader(in_).read(answer) || !answer.starts_with(kSample)) return false;
  std::vector<int> agreed = parse_calls(std::string_view(answer).substr(kSample.size()));
  if (agreed.size() == calls.size()) calls = std::move(agreed);
  return true;
}

std::string format_calls(const std::vector<int>& calls) {
  return fmt::format("{}", fmt::join(calls, ","));
}

std::vector<int> parse_calls(std::string_view text) {
  std::vector<int> calls;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int n = 0;
    const auto [rest, error] = std::from_chars(at, end, n);
    if (error != std::errc() || (rest < end && *rest != ',')) return {};
    calls.push_back(n);
    at = rest + 1;
  }
  return calls;
}

}  // namespace moat
