// SPDX-License-Identifier: Apache-2.0
// The tokens of a C++, CUDA or HIP source.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/migration/source/sloc.hpp"

namespace moat {

enum class TokenKind : std::uint8_t {
  kIdentifier,
  kNumber,
  kString,       // "…" without its prefix
  kCharacter,    // '…'
  kHeader,       // <…> after #include
  kRawLine,      // one line's part of a raw string, from its prefix to its closing quote
  kPunctuation,  // operators, the longest first; '>' stands alone, so that "> >" equals ">>",
                 // except in the ">>>" that ends a launch's "<<<"
};

// Bytes [begin, end) of the text. They may hold splices (a backslash at the end of a line).
struct Token {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  TokenKind kind = TokenKind::kPunctuation;
};

struct LexedText {
  std::vector<SourceLine> lines;
  std::vector<Token> tokens;               // in order; none is empty, none overlap
  std::vector<std::uint32_t> first_token;  // of each line; one more entry than lines
};

// The lines and tokens of `text`, which may hold any bytes and at most 2^32 − 1 of them. What is a
// line of code is as in `classify_lines`. A token that is spliced over lines belongs to the first.
LexedText lex(std::string_view text);

}  // namespace moat
