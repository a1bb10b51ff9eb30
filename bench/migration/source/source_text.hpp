// SPDX-License-Identifier: Apache-2.0
// A source file as lines of code that can be compared: without comments, blank lines and white
// space.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/migration/source/lexer.hpp"

namespace moat {

// Of which directive a line is a part.
enum class DirectiveKind : std::uint8_t {
  kNone,
  kInclude,  // #include, #include_next, #import
  kGuard,    // #if, #ifdef, #ifndef, #elif, #elifdef, #elifndef, #else, #endif
  kOther,    // #define, #pragma and the rest
};

// A line that is neither blank nor only comment.
struct CodeLine {
  std::uint32_t number = 0;  // physical, from 1
  std::uint32_t first = 0;   // its tokens are [first, last)
  std::uint32_t last = 0;
  std::uint64_t hash = 0;  // equal lines, equal hashes; of its tokens, in order
  DirectiveKind directive = DirectiveKind::kNone;
};

struct SourceText {
  std::string text;
  std::vector<Token> tokens;
  std::vector<CodeLine> lines;

  // As it stands in the text.
  std::string_view spelling(const Token& token) const {
    return std::string_view(text).substr(token.begin, token.end - token.begin);
  }
  std::span<const Token> tokens_of(const CodeLine& line) const {
    return std::span(tokens).subspan(line.first, line.last - line.first);
  }
  // The physical line of the code line, without its line end and leading blanks.
  std::string_view line_text(const CodeLine& line) const;
  int sloc() const { return static_cast<int>(lines.size()); }
};

// Lexes `text`, which may hold any bytes; at most 2^32 − 1 of them.
SourceText make_source(std::string text);

// Hash of what a token says, its splices aside. The chance that two of n different tokens collide
// is about n² ÷ 2^65.
std::uint64_t spelling_hash(std::string_view spelling);

// Hash of a sequence, from `seed`, one element at a time.
std::uint64_t combine_hashes(std::uint64_t seed, std::uint64_t next);

}  // namespace moat
