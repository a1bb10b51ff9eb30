// SPDX-License-Identifier: Apache-2.0
// Which physical lines of a C++, CUDA or HIP source hold code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat {

struct SourceLine {
  bool code = false;          // holds (a part of) a token: neither blank nor only comment
  bool continuation = false;  // the line before ends in a backslash, or in a comment or a literal
                              // that is still open
  bool in_literal = false;    // begins inside a raw string
  bool in_comment = false;    // begins inside a block comment
  std::string directive;      // "if" for a line that begins "#if"; "#" for "#" alone
};

// The lines of `text`, ended by LF or CRLF, as the phases of translation see them (C++20 [lex]):
// splices, comments, character and string literals, raw strings, digit separators. A line that
// holds only a backslash, or a blank one inside a raw string, is no code. Any bytes are accepted;
// what is left open ends with its line (quotes) or with the text (comments, raw strings), as
// compilers do in groups that they skip.
std::vector<SourceLine> classify_lines(std::string_view text);

// How many of them hold code.
int count_code(const std::vector<SourceLine>& lines);

}  // namespace moat
