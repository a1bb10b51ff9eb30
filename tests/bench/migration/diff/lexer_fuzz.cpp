// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: whatever the bytes, tokens and lines are consistent, and a text equals itself.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bench/migration/source/source_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const moat::LexedText lexed = moat::lex(text);
  if (lexed.first_token.size() != lexed.lines.size() + 1) std::abort();
  if (lexed.first_token.back() != lexed.tokens.size()) std::abort();
  std::uint32_t end = 0;
  for (const moat::Token& token : lexed.tokens) {
    if (token.begin < end || token.end <= token.begin || token.end > size) std::abort();
    end = token.end;
  }
  for (std::size_t i = 0; i + 1 < lexed.first_token.size(); ++i) {
    if (lexed.first_token[i] > lexed.first_token[i + 1]) std::abort();
    if (lexed.first_token[i] < lexed.first_token[i + 1] && !lexed.lines[i].code) std::abort();
  }
  const moat::SourceText source = moat::make_source(text);
  if (source.sloc() != moat::count_code(moat::classify_lines(text))) std::abort();
  for (const moat::CodeLine& line : source.lines) (void)source.line_text(line);
  return 0;
}
