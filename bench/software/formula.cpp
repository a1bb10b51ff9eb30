// SPDX-License-Identifier: Apache-2.0
#include "bench/software/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace moat {
namespace {

// Deeper nesting is a mistake, and would need a stack for each level.
constexpr int kMostNested = 64;

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  Reader(std::string_view text, const std::function<double(std::string_view)>& value_of)
      : text_(text), value_of_(value_of) {}

  double whole() {
    const double value = sum();
    if (at_ < text_.size()) fail(fmt::format("cannot read '{}'", text_[at_]));
    if (!std::isfinite(value)) fail("its value is not finite");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw FormulaError(fmt::format("formula '{}', column {}: {}", text_, at_ + 1, what));
  }

  char next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }

  double sum() {
    if (++nested_ > kMostNested) fail("parentheses are nested too deeply");
    double value = product();
    for (;;) {
      if (take('+')) {
        value += product();
      } else if (take('-')) {
        value -= product();
      } else {
        next();
        --nested_;
        return value;
      }
    }
  }

  double product() {
    double value = factor();
    for (;;) {
      if (take('*')) {
        value *= factor();
      } else if (take('/')) {
        const double divisor = factor();
        if (divisor == 0) fail("a division by zero");
        value /= divisor;
      } else {
        return value;
      }
    }
  }

  double factor() {
    double sign = 1;
    while (take('-')) sign = -sign;
    if (take('(')) {
      const double value = sum();
      if (!take(')')) fail("a ')' is missing");
      return sign * value;
    }
    const char c = next();
    if (is_digit(c)) return sign * number();
    if (is_letter(c)) return sign * named();
    fail(c == '\0' ? "it ends where a number or name must follow"
                   : fmt::format("'{}' where a number, a name or a '(' must stand", c));
  }

  double number() {
    double value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("this number does not fit");
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  double named() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) ||
                                  text_[at_] == '_' || text_[at_] == '.')) {
      ++at_;
    }
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (!take('(')) return value_of_(name);
    if (name != "min" && name != "max") {
      fail(fmt::format("there is no function {}; there are min and max", name));
    }
    double value = sum();
    while (take(',')) value = name == "min" ? std::min(value, sum()) : std::max(value, sum());
    if (!take(')')) fail("a ')' is missing");
    return value;
  }

  std::string_view text_;
  const std::function<double(std::string_view)>& value_of_;
  std::size_t at_ = 0;
  int nested_ = 0;
};

}  // namespace

double evaluate(std::string_view formula,
                const std::function<double(std::string_view name)>& value_of) {
  return Reader(formula, value_of).whole();
}

}  // namespace moat
