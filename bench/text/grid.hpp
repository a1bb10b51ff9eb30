// SPDX-License-Identifier: Apache-2.0
// Text in columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moat {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::right;
};

struct Row {
  std::vector<std::string> cells;  // one per column, or a single one that spans them all
  bool heading = false;
  bool wrong = false;  // drawn in red
};

// Text of a record on a line of a terminal: control characters become blanks.
std::string one_line(std::string_view text);

// Columns two spaces apart, as wide as their widest cell; `color` draws headings bold and wrong
// rows red. Lines carry no trailing spaces, cells are one_line().
std::string plain_grid(const std::vector<Column>& columns, const std::vector<Row>& rows,
                       bool color);

// A table of GitHub's Markdown; `|` in a cell is escaped.
std::string markdown_grid(const std::vector<Column>& columns, const std::vector<Row>& rows);

}  // namespace moat
