// SPDX-License-Identifier: Apache-2.0
// The set that is chosen on the processor that run.sh has emulated, which MOAT_TEST_SET names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "backends/cpu/device.hpp"
#include "backends/cpu/processor.hpp"
#include "backends/cpu/sets.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::cpu {
namespace {

TEST(Arm64Sets, TheMostThatTheProcessorHasIsChosen) {
  const char* expected = std::getenv("MOAT_TEST_SET");
  ASSERT_NE(expected, nullptr) << "run.sh names the set";
  EXPECT_STREQ(chosen_set().name, expected);
  EXPECT_EQ(chosen_set().architecture, std::string(expected));
  EXPECT_EQ(make_device(1)->info().architecture, expected);
}

// Of the sets that follow, each needs something else, and --cpu says what: what the processor
// lacks, or the length of vectors.
TEST(Arm64Sets, WhatASetIsNotChosenForIsNamed) {
  const auto& sets = instruction_sets();
  ASSERT_EQ(sets.size(), 3U);
  for (auto i = static_cast<std::size_t>(chosen_index()) + 1; i < sets.size(); ++i) {
    const auto missing = missing_features(*sets[i], features_here());
    std::string expected = missing.empty() ? "" : missing.front();
    if (missing.empty()) {
      const char* bits = std::getenv("MOAT_TEST_VECTOR_BITS");
      ASSERT_NE(bits, nullptr) << "run.sh names the length of the vectors where it is another's";
      expected =
          std::string("its kernels use vectors of 256 bits, but this process has those of ") + bits;
    }
    try {
      choose_set(sets[i]->name);
      ADD_FAILURE() << sets[i]->name << " was chosen";
    } catch (const std::invalid_argument& e) {
      EXPECT_NE(std::string(e.what()).find(expected), std::string::npos) << e.what();
    }
  }
}

// BFMMLA alone takes a subnormal factor for 0: products of more than 16 rows are its work where the
// set has it, and fewer rows never are.
TEST(Arm64Sets, ProductsAreByMatrixInstructionsWhereTheSetHasThem) {
  const bool has_unit = std::string(chosen_set().architecture) != "neon";
  for (const int rows : {16, 17}) {
    const int k = 4;
    const auto filled = [](std::int64_t count, float x) {
      testing::HostArray array(DType::bf16, count);
      for (std::int64_t i = 0; i < count; ++i) array.set(i, x);
      return array;
    };
    const auto a = filled(std::int64_t{rows} * k, 0x1p-130f);
    const auto b = filled(std::int64_t{8} * k, 0x1p40f);
    testing::HostArray c(DType::bf16, std::int64_t{rows} * 8);
    const GemmProblem p{.dtype = DType::bf16,
                        .m = rows,
                        .n = 8,
                        .k = k,
                        .order_b = Order::transposed,
                        .a = a.data(),
                        .b = b.data(),
                        .c = c.data()};
    make_device(1)->run(p);
    const float expected = rows > 16 && has_unit ? 0.0f : 0x1p-88f;
    EXPECT_EQ(c[0], expected) << rows << " rows";
  }
}

}  // namespace
}  // namespace moat::cpu
