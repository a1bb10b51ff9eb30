// SPDX-License-Identifier: Apache-2.0
#include "bench/text/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace moat {
namespace {

TEST(Suggest, NearestNameAndAllThatThereAre) {
  const std::vector<std::string> known = {"quick", "llama3-8b", "sweep"};
  EXPECT_EQ(suggestion("quik", known), ". Did you mean quick? Known: quick, llama3-8b, sweep");
  EXPECT_EQ(suggestion("llama-8b", known),
            ". Did you mean llama3-8b? Known: quick, llama3-8b, sweep");
  EXPECT_EQ(suggestion("mixtral", known), ". Known: quick, llama3-8b, sweep");
  EXPECT_EQ(suggestion("x", {}), ".");
  EXPECT_EQ(nearest("quik", known), "quick");
  EXPECT_EQ(nearest("mixtral", known), std::nullopt);
}

}  // namespace
}  // namespace moat
