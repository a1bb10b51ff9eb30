// SPDX-License-Identifier: Apache-2.0
#include "bench/software/formula.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace moat {
namespace {

double value_of(std::string_view name) {
  if (name == "a") return 3;
  if (name == "model.field_2") return 8;
  throw FormulaError("no " + std::string(name));
}

double value(std::string_view formula) { return evaluate(formula, value_of); }

std::string error(std::string_view formula) {
  try {
    value(formula);
  } catch (const FormulaError& e) {
    return e.what();
  }
  return "";
}

TEST(Formula, HasTheUsualPrecedence) {
  EXPECT_EQ(value("1 + 2 * 3 - 8 / 4"), 5);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("10 - 3 - 2"), 5);
  EXPECT_EQ(value("16 / 4 / 2"), 2);
  EXPECT_EQ(value("-a + - - 2"), -1);
  EXPECT_EQ(value("2*-a"), -6);
  EXPECT_EQ(value(" 1.5e3 "), 1500);
}

TEST(Formula, KnowsNamesAndTheirFields) {
  EXPECT_EQ(value("1 - a / model.field_2"), 0.625);
  EXPECT_EQ(value("min(a, model.field_2, 5)"), 3);
  EXPECT_EQ(value("max(a, 1 + model.field_2)"), 9);
}

TEST(Formula, ErrorsShowThePlace) {
  using testing::HasSubstr;
  EXPECT_THAT(error("1 +"), HasSubstr("formula '1 +', column 4: it ends"));
  EXPECT_THAT(error("1 + * 2"), HasSubstr("column 5: '*'"));
  EXPECT_THAT(error("(1 + 2"), HasSubstr("')' is missing"));
  EXPECT_THAT(error("1 2"), HasSubstr("column 3: cannot read '2'"));
  EXPECT_THAT(error("sqrt(4)"), HasSubstr("no function sqrt; there are min and max"));
  EXPECT_THAT(error("1 / (a - 3)"), HasSubstr("division by zero"));
  EXPECT_THAT(error("1e308 * 10"), HasSubstr("not finite"));
  EXPECT_THAT(error("1e999"), HasSubstr("does not fit"));
  EXPECT_THAT(error(""), HasSubstr("it ends"));
  EXPECT_THAT(error("b"), HasSubstr("no b"));
  EXPECT_THAT(error(std::string(100000, '(')), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace moat
