// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/settings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace moat {
namespace {

constexpr const char* kName = "MOAT_EXECUTOR_SETTINGS_TEST";

int number(const char* value) {
  setenv(kName, value, 1);
  return number_setting(kName, 7, 4096);
}

TEST(ExecutorSettings, WholeNumbers) {
  unsetenv(kName);
  EXPECT_EQ(number_setting(kName, 7), 7);
  EXPECT_EQ(number(""), 7);
  EXPECT_EQ(number("1"), 1);
  EXPECT_EQ(number("4096"), 4096);
}

TEST(ExecutorSettings, EverythingElseIsNamed) {
  for (const char* const value : {"0", "-1", "abc", "4x", " 4", "+4", "4097", "99999999999"}) {
    try {
      number(value);
      ADD_FAILURE() << value;
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(e.what(),
                std::string(kName) + " is '" + value + "', not a whole number from 1 to 4096");
    }
  }
}

}  // namespace
}  // namespace moat
