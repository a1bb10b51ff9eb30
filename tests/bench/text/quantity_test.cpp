// SPDX-License-Identifier: Apache-2.0
#include "bench/text/quantity.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(Quantity, Seconds) {
  EXPECT_EQ(format_seconds(2.5), "2.50 s");
  EXPECT_EQ(format_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(format_seconds(4.56e-5), "45.6 µs");
  EXPECT_EQ(format_seconds(1e-6), "1.00 µs");
  EXPECT_EQ(format_seconds(2e-9), "2.00 ns");
}

TEST(Quantity, ThreeDigits) {
  EXPECT_EQ(three_digits(1234.5), "1234");
  EXPECT_EQ(three_digits(123.4), "123");
  EXPECT_EQ(three_digits(10), "10.0");
  EXPECT_EQ(three_digits(0.5), "0.500");
  EXPECT_EQ(three_digits(0), "0.00");
}

TEST(Quantity, Percent) {
  EXPECT_EQ(percent(0.123), "12 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(percent(0.0994), "9.9 %");
  EXPECT_EQ(percent(0.0996), "10 %");
}

}  // namespace
}  // namespace moat
