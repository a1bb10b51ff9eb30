// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/source/source_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace moat {
namespace {

// The finaliser of MurmurHash3: every bit of the input flips half of the output's.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

DirectiveKind directive_kind(std::string_view name) {
  constexpr std::array<std::string_view, 3> kIncludes = {"include", "include_next", "import"};
  constexpr std::array<std::string_view, 8> kGuards = {"if",      "ifdef",    "ifndef", "elif",
                                                       "elifdef", "elifndef", "else",   "endif"};
  if (name.empty()) return DirectiveKind::kNone;
  if (std::ranges::find(kIncludes, name) != kIncludes.end()) return DirectiveKind::kInclude;
  if (std::ranges::find(kGuards, name) != kGuards.end()) return DirectiveKind::kGuard;
  return DirectiveKind::kOther;
}

}  // namespace

std::uint64_t spelling_hash(std::string_view spelling) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    if (spelling[i] == '\\') {
      const std::size_t end = spelling.find_first_not_of(" \t\r\v\f", i + 1);
      if (end != std::string_view::npos && spelling[end] == '\n') {
        i = end;
        continue;
      }
    }
    hash = (hash ^ static_cast<unsigned char>(spelling[i])) * 0x100000001b3ULL;
  }
  return mix(hash);
}

std::uint64_t combine_hashes(std::uint64_t seed, std::uint64_t next) {
  return mix(seed * 31 + next + 0x9e3779b97f4a7c15ULL);
}

std::string_view SourceText::line_text(const CodeLine& line) const {
  if (line.first == line.last) return {};
  const std::size_t at = tokens[line.first].begin;
  std::size_t end = text.find('\n', at);
  if (end == std::string::npos) end = text.size();
  if (end > at && text[end - 1] == '\r') --end;
  return std::string_view(text).substr(at, end - at);
}

SourceText make_source(std::string text) {
  SourceText source{.text = std::move(text), .tokens = {}, .lines = {}};
  LexedText lexed = lex(source.text);
  source.tokens = std::move(lexed.tokens);
  source.lines.reserve(static_cast<std::size_t>(count_code(lexed.lines)));
  DirectiveKind directive = DirectiveKind::kNone;
  for (std::size_t i = 0; i < lexed.lines.size(); ++i) {
    const SourceLine& line = lexed.lines[i];
    // A directive goes on where its line does.
    if (!line.continuation || !line.directive.empty()) directive = directive_kind(line.directive);
    if (!line.code) continue;
    CodeLine code{.number = static_cast<std::uint32_t>(i + 1),
                  .first = lexed.first_token[i],
                  .last = lexed.first_token[i + 1],
                  .hash = 0,
                  .directive = directive};
    for (const Token& token : source.tokens_of(code)) {
      code.hash = combine_hashes(code.hash, spelling_hash(source.spelling(token)));
    }
    source.lines.push_back(code);
  }
  return source;
}

}  // namespace moat
