// SPDX-License-Identifier: Apache-2.0
#include "bench/text/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace moat {
namespace {

// Characters, not bytes: cells hold µ, ÷ and the like, all one column wide.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string pad(const std::string& text, std::size_t to, Align align) {
  const std::string space(to - std::min(to, width(text)), ' ');
  return align == Align::left ? text + space : space + text;
}

std::string join(const std::vector<Column>& columns, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += "  ";
    line += pad(one_line(cells[i]), widths[i], columns[i].align);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string escape(const std::string& cell) {
  std::string result;
  for (const char c : one_line(cell)) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::string plain_grid(const std::vector<Column>& columns, const std::vector<Row>& rows,
                       bool color) {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    titles.push_back(columns[i].title);
    widths.push_back(width(columns[i].title));
    for (const Row& row : rows) {
      if (row.cells.size() == columns.size()) {
        widths[i] = std::max(widths[i], width(row.cells[i]));
      }
    }
  }
  const std::size_t total = std::accumulate(widths.begin(), widths.end(), 2 * (columns.size() - 1));
  std::string rule;
  for (std::size_t i = 0; i < total; ++i) rule += "─";

  std::string text = join(columns, titles, widths) + '\n' + rule + '\n';
  for (const Row& row : rows) {
    const std::string line = row.cells.size() == columns.size() ? join(columns, row.cells, widths)
                                                                : one_line(row.cells.front());
    if (color && row.wrong) {
      text += fmt::format("\x1b[31m{}\x1b[0m\n", line);
    } else if (color && row.heading) {
      text += fmt::format("\x1b[1m{}\x1b[0m\n", line);
    } else {
      text += line + '\n';
    }
  }
  return text;
}

std::string markdown_grid(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  std::string text = "|";
  for (const Column& column : columns) text += fmt::format(" {} |", column.title);
  text += "\n|";
  for (const Column& column : columns) text += column.align == Align::left ? " --- |" : " ---: |";
  text += '\n';
  for (const Row& row : rows) {
    text += '|';
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string cell = i < row.cells.size() ? escape(row.cells[i]) : "";
      text += row.heading && !cell.empty() ? fmt::format(" **{}** |", cell)
                                           : fmt::format(" {} |", cell);
    }
    text += '\n';
  }
  return text;
}

}  // namespace moat
