#include "bench/port/sloc.hpp"

#include <algorithm>
#include <cstddef>

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
  explicit Lexer(std::string_view text) : text_(text) { lines_.emplace_back(); }

  std::vector<SourceLine> run() {
    while (peek() != kEnd) token();
    // A newline ends a line; it does not begin another one.
    if (text_.empty() || text_.back() == '\n') lines_.pop_back();
    return std::move(lines_);
  }

 private:
  // Steps over splices; they may be followed by blanks, which GCC and clang accept.
  void splice() {
    while (at_ < text_.size() && text_[at_] == '\\') {
      std::size_t end = at_ + 1;
      while (end < text_.size() && text_[end] != '\n' && is_blank(text_[end])) ++end;
      if (end == text_.size() || text_[end] != '\n') return;
      at_ = end + 1;
      lines_.emplace_back().continuation = true;
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
    ++at_;
  }

  void newline() {
    ++at_;
    lines_.emplace_back();
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
      if (is_digit(c)) {
        number();
      } else if (is_identifier(c)) {
        identifier();
      } else if (c == '"' || c == '\'') {
        quoted(static_cast<char>(c));
      } else {
        take();
        if (c == '.' && is_digit(peek())) number();
      }
    }
  }

  // A comment or a division. Whether it is one is known after the next character, which a splice
  // may put on another line.
  void slash() {
    const std::size_t line = lines_.size() - 1;
    skip();
    const int next = peek();
    if (next == '/') {
      while (peek() != '\n' && peek() != kEnd) skip();
    } else if (next == '*') {
      skip();
      block_comment();
    } else {
      lines_[line].code = true;
      line_start_ = false;
    }
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
        const std::size_t before = at_;
        slash();
        if (at_ == before + 1) return;  // a division, not a comment
      } else {
        return;
      }
    }
  }

  void directive() {
    line_start_ = false;
    const std::size_t line = lines_.size() - 1;
    const bool digraph = peek() == '%';
    take();
    if (digraph) {
      if (peek() != ':') return;
      take();
    }
    blanks();
    std::string name;
    while (is_identifier(peek())) {
      name.push_back(static_cast<char>(peek()));
      take();
    }
    lines_[line].directive = name.empty() ? "#" : name;
    if (name == "include" || name == "include_next" || name == "import") {
      blanks();
      if (peek() == '<') header_name();
    }
  }

  // <sys/*.h> opens no comment.
  void header_name() {
    while (peek() != '\n' && peek() != kEnd) {
      const bool last = peek() == '>';
      take();
      if (last) return;
    }
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
    if (raw && peek() == '"') raw_string();
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

  // Splices are not spliced in a raw string, so this reads the text itself.
  void raw_string() {
    const std::size_t open = text_.find('(', at_ + 1);
    const std::string_view delimiter =
        text_.substr(at_ + 1, open == std::string_view::npos ? 0 : open - at_ - 1);
    if (open == std::string_view::npos || delimiter.size() > 16 ||
        delimiter.find_first_of(" \t\v\f\r\n)\\\"") != std::string_view::npos) {
      quoted('"');
      return;
    }
    std::string close(1, ')');
    close.append(delimiter).push_back('"');
    const std::size_t found = text_.find(close, open);
    const std::size_t end = found == std::string_view::npos ? text_.size() : found + close.size();
    while (at_ < end) {
      if (raw_peek() == '\n') {
        newline();
        lines_.back().continuation = lines_.back().in_literal = true;
      } else if (is_blank(raw_peek())) {
        skip();
      } else {
        take();
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool line_start_ = true;  // no token yet on this logical line
  std::vector<SourceLine> lines_;
};

}  // namespace

std::vector<SourceLine> classify_lines(std::string_view text) { return Lexer(text).run(); }

int count_code(const std::vector<SourceLine>& lines) {
  return static_cast<int>(std::ranges::count_if(lines, &SourceLine::code));
}

}  // namespace moat
