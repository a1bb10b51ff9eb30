// SPDX-License-Identifier: Apache-2.0
#include "bench/text/grid.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

std::vector<Column> columns() {
  return {{.title = "case", .align = Align::left}, {.title = "time"}};
}

Row row(std::vector<std::string> cells) { return {.cells = std::move(cells)}; }

Row heading(const std::string& text) { return {.cells = {text}, .heading = true}; }

TEST(Grid, AlignsByCharactersNotBytes) {
  const std::vector<Row> rows = {heading("sum"), row({"a", "1.00 µs"}),
                                 row({"long one", "10.0 ms"})};
  EXPECT_EQ(plain_grid(columns(), rows, false),
            "case         time\n"
            "─────────────────\n"
            "sum\n"
            "a         1.00 µs\n"
            "long one  10.0 ms\n");
}

TEST(Grid, ColoursOnlyWhenAsked) {
  const std::vector<Row> rows = {{.cells = {"bad"}, .wrong = true}};
  EXPECT_NE(plain_grid(columns(), rows, true).find("\x1b[31mbad\x1b[0m"), std::string::npos);
  EXPECT_EQ(plain_grid(columns(), rows, false).find('\x1b'), std::string::npos);
}

TEST(Grid, CellsHoldNoControlCharacters) {
  const std::vector<Row> rows = {{.cells = {"bad\x1b[31m\n"}}, row({"a\tb\x7f", "1"})};
  for (const std::string& text :
       {plain_grid(columns(), rows, false), markdown_grid(columns(), rows)}) {
    EXPECT_EQ(text.find_first_of("\x1b\t\x7f"), std::string::npos) << text;
    EXPECT_NE(text.find("bad [31m"), std::string::npos) << text;
  }
}

TEST(Grid, Markdown) {
  const std::vector<Row> rows = {heading("sum"), row({"a|b", "1"})};
  EXPECT_EQ(markdown_grid(columns(), rows),
            "| case | time |\n"
            "| --- | ---: |\n"
            "| **sum** |  |\n"
            "| a\\|b | 1 |\n");
}

}  // namespace
}  // namespace moat
