// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/entry_name.hpp"

#include <gtest/gtest.h>

namespace moat::codegen {
namespace {

// As nvcc 13.0 and clang 19 spelled them.
TEST(EntryName, TilesOfAGemm) {
  const auto name = parse_entry(
      "_ZN4moat4simt5entryINS_4GemmINS_3f16ELNS_5OrderE1EEENS0_12TileScheduleIS3_Li16ELi64ELi64EL"
      "i1ELi4ELi2EEENS_3hip4CdnaINS8_6AmdgpuILi64EEEEENS5_4ArgsIS7_NS0_5BlockISC_S7_EEEELm23168EE"
      "EvT2_");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text(), "gemm/f16/transposed/16x64x64-1-4-2");
  EXPECT_EQ(name->kernel, "gemm");
  EXPECT_EQ(name->dtype, "f16");
  EXPECT_EQ(name->dynamic_shared_bytes, 23168U);
}

TEST(EntryName, TypesAsArgumentsAndFlatSchedules) {
  const auto name = parse_entry(
      "_ZN4moat4simt5entryINS_9ReductionINS_4bf16ENS_6ArgMaxEEENS0_12FlatScheduleILi8ELi4EEENS_4c"
      "uda4Sm80INS8_3PtxEEENS5_4ArgsIS7_NS0_5BlockISB_S7_EEEELm256EEEvT2_");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text(), "reduction/bf16/arg_max/8-4");
  EXPECT_EQ(name->dynamic_shared_bytes, 256U);
}

// What all operands have in common is said once.
TEST(EntryName, OperandsOfOtherTypes) {
  const auto name = [](const std::string& kernel, const std::string& type) {
    return parse_entry("_ZN4moat4simt5entryI" + kernel + "NS0_12TileScheduleI" + type +
                       "Li16ELi64ELi128ELi1ELi4ELi3ELi2EEENS_4cuda4Sm80INS8_3PtxEEEiLm256EEEvT2_")
        .value_or(EntryName{})
        .text();
  };
  EXPECT_EQ(name("NS_4GemmINS_4bf16ELNS_5OrderE1ES3_EE", "S3_"),
            "gemm/bf16/transposed/16x64x128-1-4-3-2");
  EXPECT_EQ(name("NS_4GemmINS_4bf16ELNS_5OrderE1ENS_7GroupedINS_4int4ES3_EEEE", "S3_"),
            "gemm/bf16/transposed-grouped_int4_bf16/16x64x128-1-4-3-2");
  EXPECT_EQ(name("NS_10ScaledGemmINS_4bf16ENS_4e4m3EEE", "S3_"),
            "scaled_gemm/bf16/e4m3/16x64x128-1-4-3-2");
}

TEST(EntryName, OtherFunctionsHaveNone) {
  EXPECT_FALSE(parse_entry("_ZN4moat4simt5entryEv"));
  EXPECT_FALSE(parse_entry("main"));
  EXPECT_FALSE(parse_entry(""));
  // Before the dynamic shared memory stood in the name.
  EXPECT_FALSE(parse_entry(
      "_ZN4moat4simt5entryINS_9ReductionIfNS_3MaxEEENS0_12FlatScheduleILi8ELi4EEENS_4cuda4Sm80INS7"
      "_3PtxEEENS4_4ArgsIS6_NS0_5BlockISA_S6_EEEEEEvT2_"));
}

}  // namespace
}  // namespace moat::codegen
