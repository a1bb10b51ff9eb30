// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/source/lexer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace moat {
namespace {

constexpr int kEnd = -1;

bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }
bool is_digit(int c) { return c >= '0' && c <= '9'; }
// Bytes above 127 are parts of identifiers: which ones the standard allows does not matter here.
bool is_identifier(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         c >= 128;
}

class Lexer {
 public:
  // Tokens are kept only if they are asked for: counting lines needs none.
  Lexer(std::string_view text, bool keep_tokens) : text_(text), keep_(keep_tokens) { new_line(); }

  LexedText run() {
    while (peek() != kEnd) token();
    // A newline ends a line; it does not begin another one.
    if (text_.empty() || text_.back() == '\n') {
      lines_.pop_back();
      if (keep_) out_.first_token.pop_back();
    }
    if (keep_) out_.first_token.push_back(static_cast<std::uint32_t>(out_.tokens.size()));
    out_.lines = std::move(lines_);
    return std::move(out_);
  }

 private:
  // Steps over splices; they may be followed by blanks, which GCC and clang accept.
  void splice() {
    while (at_ < text_.size() && text_[at_] == '\\') {
      std::size_t end = at_ + 1;
      while (end < text_.size() && text_[end] != '\n' && is_blank(text_[end])) ++end;
      if (end == text_.size() || text_[end] != '\n') return;
      at_ = end + 1;
      new_line().continuation = true;
    }
  }

  SourceLine& new_line() {
    // The first token of a line that begins inside a token is the one after that.
    if (keep_) {
      out_.first_token.push_back(static_cast<std::uint32_t>(out_.tokens.size() + (open_ ? 1 : 0)));
    }
    return lines_.emplace_back();
  }

  // Between these two stand the takes of one token.
  void begin_token() {
    begin_ = at_;
    open_ = true;
  }
  void end_token(TokenKind kind) {
    open_ = false;
    if (keep_) {
      out_.tokens.push_back({.begin = static_cast<std::uint32_t>(begin_),
                             .end = static_cast<std::uint32_t>(taken_),
                             .kind = kind});
    }
  }

  int raw_peek() const {
    return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : kEnd;
  }

  int peek() {
    splice();
    return raw_peek();
  }

  // The character that `peek` showed; it is not a newline.
  void skip() { ++at_; }
  void take() {
    lines_.back().code = true;
    taken_ = ++at_;
  }

  void newline() {
    ++at_;
    new_line();
  }

  void token() {
    const int c = peek();
    if (c == '\n') {
      newline();
      line_start_ = true;
    } else if (is_blank(c)) {
      skip();
    } else if (c == '/') {
      slash();
    } else if (line_start_ && (c == '#' || c == '%')) {
      directive();
    } else {
      line_start_ = false;
      begin_token();
      if (is_digit(c)) {
        number();
        end_token(TokenKind::kNumber);
      } else if (is_identifier(c)) {
        identifier();
      } else if (c == '"' || c == '\'') {
        quoted(static_cast<char>(c));
        end_token(c == '"' ? TokenKind::kString : TokenKind::kCharacter);
      } else {
        punctuation(static_cast<char>(c));
      }
    }
  }

  void punctuation(char first) {
    take();
    if (first == '.' && is_digit(peek())) {
      number();
      end_token(TokenKind::kNumber);
      return;
    }
    std::array<char, 3> seen{first, 0, 0};
    std::size_t length = 1;
    // Every operator of three characters begins with an entry of two.
    while (length < seen.size()) {
      const int next = raw_peek();
      if (next == kEnd) break;
      seen.at(length) = static_cast<char>(next);
      if (!continues({seen.data(), length + 1})) break;
      take();
      ++length;
    }
    const std::string_view all(seen.data(), length);
    if (all == "<<<") {
      ++launches_;
    } else if (first == ';') {
      launches_ = 0;
    } else if (all == ">" && launches_ > 0 && text_.substr(at_).starts_with(">>")) {
      take();
      take();
      --launches_;
    }
    end_token(TokenKind::kPunctuation);
  }

  static bool continues(std::string_view operators) {
    constexpr std::array<std::string_view, 26> kOperators = {
        "::", "->", "++", "--", "<<", "<=", ">=", "==",  "!=",  "&&",  "||", "+=", "-=",
        "*=", "/=", "%=", "&=", "|=", "^=", "##", "<<<", "<<=", "->*", ".*", "..", "..."};
    return std::ranges::find(kOperators, operators) != kOperators.end();
  }

  // A comment or a division. Whether it is one is known after the next character, which a splice
  // may put on another line.
  // True: a comment.
  bool slash() {
    const std::size_t line = lines_.size() - 1;
    begin_token();
    skip();
    taken_ = at_;
    const std::size_t behind = at_;
    open_ = false;
    const int next = peek();
    if (next == '/') {
      while (peek() != '\n' && peek() != kEnd) skip();
    } else if (next == '*') {
      skip();
      block_comment();
    } else {
      lines_[line].code = true;
      line_start_ = false;
      if (next == '=' && at_ == behind) take();
      // A splice behind it has begun a line, which the token must come before.
      for (std::size_t i = line + 1; keep_ && i < lines_.size(); ++i) ++out_.first_token[i];
      end_token(TokenKind::kPunctuation);
      return false;
    }
    return true;
  }

  void block_comment() {
    for (int before = 0, c = peek(); c != kEnd; before = c, c = peek()) {
      if (c == '\n') {
        newline();
        lines_.back().continuation = lines_.back().in_comment = true;
        continue;
      }
      skip();
      if (before == '*' && c == '/') return;
    }
  }

  // Steps over blanks and comments within a line.
  void blanks() {
    while (true) {
      if (is_blank(peek())) {
        skip();
      } else if (peek() == '/') {
        if (!slash()) return;
      } else {
        return;
      }
    }
  }

  void directive() {
    line_start_ = false;
    const std::size_t line = lines_.size() - 1;
    const bool digraph = peek() == '%';
    begin_token();
    if (digraph) {
      take();
      if (peek() != ':') {
        end_token(TokenKind::kPunctuation);
        return;
      }
    }
    take();
    end_token(TokenKind::kPunctuation);
    blanks();
    std::string name;
    begin_token();
    while (is_identifier(peek())) {
      name.push_back(static_cast<char>(peek()));
      take();
    }
    if (!name.empty()) end_token(TokenKind::kIdentifier);
    open_ = false;
    lines_[line].directive = name.empty() ? "#" : name;
    if (name == "include" || name == "include_next" || name == "import") {
      blanks();
      if (peek() == '<') header_name();
    }
  }

  // <sys/*.h> opens no comment.
  void header_name() {
    begin_token();
    while (peek() != '\n' && peek() != kEnd) {
      const bool last = peek() == '>';
      take();
      if (last) break;
    }
    end_token(TokenKind::kHeader);
  }

  // A preprocessing number, whose quotes are digit separators.
  void number() {
    while (true) {
      const int c = peek();
      if (c == '\'') {
        const std::size_t line = lines_.size() - 1;
        const std::size_t at = at_;
        skip();
        if (!is_identifier(peek())) {
          // Not a separator: the quote opens a literal.
          lines_.resize(line + 1);
          if (keep_) out_.first_token.resize(line + 1);
          at_ = at;
          return;
        }
        lines_[line].code = true;
      } else if (is_identifier(c) || c == '.') {
        take();
        const bool exponent = c == 'e' || c == 'E' || c == 'p' || c == 'P';
        if (exponent && (peek() == '+' || peek() == '-')) take();
      } else {
        return;
      }
    }
  }

  void identifier() {
    std::string name;
    while (is_identifier(peek())) {
      name.push_back(static_cast<char>(peek()));
      take();
    }
    const bool raw = name == "R" || name == "LR" || name == "uR" || name == "UR" || name == "u8R";
    if (!raw || peek() != '"' || !raw_string()) end_token(TokenKind::kIdentifier);
  }

  void quoted(char quote) {
    take();
    while (peek() != '\n' && peek() != kEnd) {
      const int c = peek();
      take();
      if (c == quote) return;
      if (c == '\\' && peek() != '\n' && peek() != kEnd) take();
    }
  }

  // Splices are not spliced in a raw string, so this reads the text itself. False: it is none.
  bool raw_string() {
    constexpr std::size_t kLongest = 16;
    const std::string_view delimiter =
        text_.substr(at_ + 1, kLongest + 1)
            .substr(0, text_.substr(at_ + 1, kLongest + 1).find('('));
    const std::size_t parenthesis = at_ + 1 + delimiter.size();
    if (delimiter.size() > kLongest || parenthesis >= text_.size() ||
        delimiter.find_first_of(" \t\v\f\r\n)\\\"") != std::string_view::npos) {
      return false;
    }
    std::string closing(1, ')');
    closing.append(delimiter).push_back('"');
    const std::size_t found = text_.find(closing, parenthesis);
    const std::size_t end = found == std::string_view::npos ? text_.size() : found + closing.size();
    while (at_ < end) {
      if (raw_peek() == '\n') {
        if (open_) end_token(TokenKind::kRawLine);
        newline();
        lines_.back().continuation = lines_.back().in_literal = true;
      } else if (is_blank(raw_peek())) {
        skip();
      } else {
        if (!open_) begin_token();
        take();
      }
    }
    if (open_) end_token(TokenKind::kRawLine);
    return true;
  }

  std::string_view text_;
  bool keep_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;  // of the token that is being read
  std::size_t taken_ = 0;  // behind its last byte
  bool open_ = false;      // a token is being read
  int launches_ = 0;       // "<<<" in this statement that no ">>>" has closed
  LexedText out_;
  bool line_start_ = true;  // no token yet on this logical line
  std::vector<SourceLine> lines_;
};

}  // namespace

LexedText lex(std::string_view text) { return Lexer(text, true).run(); }

std::vector<SourceLine> classify_lines(std::string_view text) {
  return Lexer(text, false).run().lines;
}

int count_code(const std::vector<SourceLine>& lines) {
  return static_cast<int>(std::ranges::count_if(lines, &SourceLine::code));
}

}  // namespace moat
