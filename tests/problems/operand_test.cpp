// SPDX-License-Identifier: Apache-2.0
// Bytes of operands, counted by hand.
#include "problems/operand.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "problems/problem.hpp"

namespace moat {
namespace {

TEST(Operand, DenseMatrixMovesWhatItHolds) {
  const Operand o{.name = "x", .type = DType::bf16, .rows = 3, .cols = 5};
  EXPECT_EQ(bytes_moved(o), 30);
  EXPECT_EQ(bytes_held(o), 30);
}

TEST(Operand, GapsBetweenRowsAreHeldAndNotMoved) {
  const Operand o{.name = "x", .type = DType::f32, .rows = 3, .cols = 5, .leading = 8};
  EXPECT_EQ(bytes_moved(o), 60);
  EXPECT_EQ(bytes_held(o), 4 * (2 * 8 + 5));
}

TEST(Operand, PositionsAre64BitIntegers) {
  EXPECT_EQ(bytes_moved({.name = "x", .type = DType::f16, .cols = 3, .positions = true}), 24);
}

// 5 of 100 rows.
TEST(Operand, RowsThatAreNotReadAreHeldAndNotMoved) {
  const Operand o{.name = "x", .type = DType::bf16, .rows = 100, .cols = 8, .used = 5};
  EXPECT_EQ(bytes_moved(o), 80);
  EXPECT_EQ(bytes_held(o), 1600);
}

// 300 rows of 200 integers of 4 bits.
TEST(Operand, CodesAreBytes) {
  EXPECT_EQ(bytes_moved({.name = "x", .rows = 300, .cols = 100, .code = Code::int4}), 30000);
}

TEST(Operand, IndicesAre32BitIntegers) {
  EXPECT_EQ(bytes_moved({.name = "x", .type = DType::f16, .cols = 3, .indices = true}), 12);
}

// 130 rows of a memory of five pages of 64.
TEST(Operand, PagesHoldMoreThanTheirRows) {
  Operand o{.name = "x", .type = DType::bf16, .rows = 130, .cols = 64};
  o.pages = Pages{.rows = 64, .held = 5};
  EXPECT_EQ(bytes_moved(o), 130 * 64 * 2);
  EXPECT_EQ(bytes_held(o), 5 * 64 * 64 * 2);
}

// The rows of all groups together, and five bounds of four groups.
TEST(Operand, RaggedGroupsHaveBounds) {
  const Operand o{
      .name = "x", .type = DType::f32, .rows = 1000, .cols = 64, .groups = 4, .ragged = true};
  EXPECT_EQ(bytes_moved(o), 1000 * 64 * 4 + 5 * 8);
}

TEST(Operand, LargeShapesDoNotOverflow) {
  const Operand o{.name = "x",
                  .type = DType::f32,
                  .rows = std::int64_t{1} << 40,
                  .cols = std::int64_t{1} << 30};
  EXPECT_EQ(bytes_moved(o), 0x1p72);
}

// Of a cache or a mixture's matrices some are used, and all take their place.
TEST(Operand, UsedRowsMove) {
  const Operand o{.name = "x", .rows = 10, .cols = 4, .groups = 3, .used = 7};
  EXPECT_EQ(bytes_moved(o), 7 * 4 * 4);
  EXPECT_EQ(bytes_held(o), 3 * 10 * 4 * 4);
}

// Every problem has inputs before its outputs, each with a name of its own.
TEST(Operand, ProblemsNameTheirs) {
  for (const Problem& problem : kernels()) {
    int outputs = 0;
    std::vector<std::string_view> names;
    for_each_operand(problem, [&](const Operand& o, auto&) {
      EXPECT_FALSE(o.name.empty());
      EXPECT_EQ(std::ranges::count(names, o.name), 0) << o.name;
      names.push_back(o.name);
      if (o.role == Role::output) {
        ++outputs;
      } else {
        EXPECT_EQ(outputs, 0) << "an input behind an output";
      }
    });
    EXPECT_GE(outputs, 1) << describe(problem).kernel;
    double written = 0;
    for (const Operand& o : outputs_of(problem)) written += bytes_moved(o);
    EXPECT_EQ(written, written_bytes(problem));
  }
}

}  // namespace
}  // namespace moat
