// SPDX-License-Identifier: Apache-2.0
// PTX text, character by character.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

inline std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

// The statement that begins at `at`.
inline std::string_view statement_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  return rest.substr(0, std::min(rest.find(';'), rest.find('\n')) + 1);
}

class Lexer {
 public:
  Lexer(std::string_view text, std::size_t begin, std::size_t end)
      : text_(text), at_(begin), end_(end) {
    skip_space();
    begin_statement();
  }

  std::size_t at() const { return at_; }
  void jump(std::size_t at) {
    at_ = at;
    skip_space();
  }
  bool done() const { return at_ >= end_; }
  char peek() const { return at_ < end_ ? text_[at_] : '\0'; }

  bool take(char c) {
    if (peek() != c) return false;
    jump(at_ + 1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("'{}' expected, not '{}'", c, peek()));
  }
  // Letters, digits and the characters of names and mnemonics; may be empty.
  std::string_view word(std::string_view also = "_$%") {
    const std::size_t begin = at_;
    while (at_ < end_ && in_word(text_[at_], also)) ++at_;
    const std::string_view found = text_.substr(begin, at_ - begin);
    skip_space();
    return found;
  }
  std::string_view name() {
    const std::string_view found = word();
    if (found.empty()) fail(fmt::format("a name expected, not '{}'", peek()));
    return found;
  }
  s64 integer() {
    const bool negative = take('-');
    const std::string_view digits = word();
    u64 value = 0;
    const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
    const std::string_view body = hex ? digits.substr(2) : digits;
    const auto end = body.data() + body.size();
    // PTX ISA, "Integer Constants": octal ones begin with 0.
    const int base = hex ? 16 : digits.starts_with('0') ? 8 : 10;
    const auto [stop, error] = std::from_chars(body.data(), end, value, base);
    if (error != std::errc() || (stop != end && std::string_view(stop, end) != "U")) {
      fail(fmt::format("a number expected, not '{}'", digits));
    }
    return static_cast<s64>(negative ? u64{0} - value : value);
  }
  // Between quotation marks, in one line. What follows is left where it is, the line's end as well.
  std::string quoted() {
    expect('"');
    const std::size_t end = text_.find_first_of("\"\n", at_);
    if (end >= end_ || text_[end] != '"') fail("a text without an end");
    std::string found(text_.substr(at_, end - at_));
    at_ = end + 1;
    return found;
  }
  void skip_past(char c) {
    const std::size_t found = text_.find(c, at_);
    jump(found == std::string_view::npos ? end_ : found + 1);
  }

  // Reports name the statement that begins here.
  void begin_statement() { statement_ = at_; }
  [[noreturn]] void fail(const std::string& what) const { fail_at(statement_, what); }
  [[noreturn]] void fail_at(std::size_t at, const std::string& what) const {
    throw ParseError(
        fmt::format("PTX line {}: {}: {}", line_of(text_, at), statement_at(text_, at), what));
  }

 private:
  static bool in_word(char c, std::string_view also) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  }
  void skip_space() {
    while (at_ < end_) {
      const char c = text_[at_];
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == '/' && text_.substr(at_, 2) == "//") {
        at_ = std::min(text_.find('\n', at_), end_);
      } else if (c == '/' && text_.substr(at_, 2) == "/*") {
        at_ = std::min(text_.find("*/", at_ + 2), end_ - 2) + 2;
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t end_;
  std::size_t statement_ = 0;
};

}  // namespace moat::ptx
