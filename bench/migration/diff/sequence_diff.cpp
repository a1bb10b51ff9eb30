// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/sequence_diff.hpp"

#include <fmt/format.h>
#include <git2.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "bench/migration/source/git.hpp"

namespace moat {
namespace {

using Sequence = std::span<const std::uint64_t>;

// libgit2 compares lines of text: one number for each element, the same for equal ones.
void append_lines(Sequence sequence, std::unordered_map<std::uint64_t, std::size_t>& numbers,
                  std::string& text) {
  for (const std::uint64_t hash : sequence) {
    const auto [it, added] = numbers.try_emplace(hash, numbers.size());
    fmt::format_to(std::back_inserter(text), "{:x}\n", it->second);
  }
}

struct Sink {
  std::vector<Hunk> hunks;
  std::size_t offset = 0;  // of equal elements at the beginning, which libgit2 is not shown
};

int take_hunk(const git_diff_delta* /*delta*/, const git_diff_hunk* hunk, void* payload) {
  auto& sink = *static_cast<Sink*>(payload);
  // A side without lines is given the line before it.
  const auto start = [&](int line, int count) {
    return sink.offset + static_cast<std::size_t>(count == 0 ? line : line - 1);
  };
  sink.hunks.push_back({.a = start(hunk->old_start, hunk->old_lines),
                        .a_count = static_cast<std::size_t>(hunk->old_lines),
                        .b = start(hunk->new_start, hunk->new_lines),
                        .b_count = static_cast<std::size_t>(hunk->new_lines)});
  return 0;
}

}  // namespace

std::vector<Hunk> diff_sequences(Sequence a, Sequence b) {
  const auto [differs_a, differs_b] = std::ranges::mismatch(a, b);
  const auto offset = static_cast<std::size_t>(differs_a - a.begin());
  a = a.subspan(offset);
  b = b.subspan(offset);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a = a.first(a.size() - 1);
    b = b.first(b.size() - 1);
  }
  if (a.empty() && b.empty()) return {};
  if (a.empty() || b.empty() || (a.size() == 1 && b.size() == 1)) {
    return {{.a = offset, .a_count = a.size(), .b = offset, .b_count = b.size()}};
  }
  start_git();
  std::unordered_map<std::uint64_t, std::size_t> numbers;
  numbers.reserve(a.size() + b.size());
  std::string old_text;
  std::string new_text;
  append_lines(a, numbers, old_text);
  append_lines(b, numbers, new_text);
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = 0;
  options.interhunk_lines = 0;
  options.flags = GIT_DIFF_FORCE_TEXT;
  options.max_size = -1;
  constexpr std::size_t kMinimal = 4096;
  if (a.size() + b.size() <= kMinimal) options.flags |= GIT_DIFF_MINIMAL;
  Sink sink{.hunks = {}, .offset = offset};
  if (git_diff_buffers(old_text.data(), old_text.size(), nullptr, new_text.data(), new_text.size(),
                       nullptr, &options, nullptr, nullptr, take_hunk, nullptr, &sink) != 0) {
    throw std::runtime_error(fmt::format("libgit2 cannot compare: {}", git_message()));
  }
  return std::move(sink.hunks);
}

std::vector<Match> matches_of(const std::vector<Hunk>& hunks, std::size_t a_size) {
  std::vector<Match> matches;
  std::size_t a = 0;
  std::size_t b = 0;
  const auto up_to = [&](std::size_t end) {
    while (a < end) matches.push_back({.a = a++, .b = b++});
  };
  for (const Hunk& hunk : hunks) {
    up_to(hunk.a);
    a = hunk.a + hunk.a_count;
    b = hunk.b + hunk.b_count;
  }
  up_to(a_size);
  return matches;
}

}  // namespace moat
