#include "bench/run/grid.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

const std::vector<Column> kColumns = {{"case", Align::left}, {"time"}};

TEST(Grid, AlignsByCharactersNotBytes) {
  const std::vector<Row> rows = {
      {{"sum"}, true, false}, {{"a", "1.00 µs"}}, {{"long one", "10.0 ms"}}};
  EXPECT_EQ(plain_grid(kColumns, rows, false),
            "case         time\n"
            "─────────────────\n"
            "sum\n"
            "a         1.00 µs\n"
            "long one  10.0 ms\n");
}

TEST(Grid, ColoursOnlyWhenAsked) {
  const std::vector<Row> rows = {{{"bad"}, false, true}};
  EXPECT_NE(plain_grid(kColumns, rows, true).find("\x1b[31mbad\x1b[0m"), std::string::npos);
  EXPECT_EQ(plain_grid(kColumns, rows, false).find('\x1b'), std::string::npos);
}

TEST(Grid, Markdown) {
  const std::vector<Row> rows = {{{"sum"}, true, false}, {{"a|b", "1"}}};
  EXPECT_EQ(markdown_grid(kColumns, rows),
            "| case | time |\n"
            "| --- | ---: |\n"
            "| **sum** |  |\n"
            "| a\\|b | 1 |\n");
}

}  // namespace
}  // namespace moat
