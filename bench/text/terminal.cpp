// SPDX-License-Identifier: Apache-2.0
#include "bench/text/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace moat {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::size_t columns_of(int descriptor, std::size_t otherwise) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return otherwise;
  return size.ws_col;
}

bool capable(int descriptor) {
  const std::string_view term = environment("TERM");
  return isatty(descriptor) == 1 && !term.empty() && term != "dumb";
}

}  // namespace

bool color_wanted() {
  if (!environment("NO_COLOR").empty()) return false;
  for (const char* name : {"FORCE_COLOR", "CLICOLOR_FORCE"}) {
    const auto value = environment(name);
    if (name == std::string_view("FORCE_COLOR") && (value == "0" || value == "false")) return false;
    if (!value.empty() && value != "0") return true;
  }
  return environment("CLICOLOR") != "0" && capable(STDOUT_FILENO);
}

bool rewrites_lines() { return capable(STDERR_FILENO); }

std::size_t terminal_columns(std::size_t otherwise) { return columns_of(STDERR_FILENO, otherwise); }

std::size_t output_columns(std::size_t otherwise) { return columns_of(STDOUT_FILENO, otherwise); }

std::string wrapped(std::string line, std::size_t indent, std::size_t columns) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string lines;
  while (true) {
    const std::size_t most = first_columns(line, columns).size();
    if (most == line.size()) break;
    std::size_t blank = line.rfind(' ', most);
    while (blank != line.npos && blank > indent && is_digit(line[blank - 1])) {
      blank = line.rfind(' ', blank - 1);
    }
    if (blank == line.npos || blank <= indent) break;
    lines += line.substr(0, blank) + '\n';
    line.replace(0, blank + 1, indent, ' ');
  }
  return lines + line;
}

std::string first_columns(const std::string& text, std::size_t columns) {
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    const bool begins = (text[end] & 0xc0) != 0x80;
    if (begins && seen++ == columns) break;
  }
  return text.substr(0, end);
}

}  // namespace moat
