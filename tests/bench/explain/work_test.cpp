// SPDX-License-Identifier: Apache-2.0
// What launches have to do, against examples that were computed by hand.
#include "bench/explain/work.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "bench/cases/case.hpp"
#include "bench/explain/model.hpp"

namespace moat::explain {
namespace {

PlannedLaunch tiles_of(int m, int n, int k, std::int64_t items) {
  PlannedLaunch launch;
  launch.m = m;
  launch.n = n;
  launch.k = k;
  launch.items = items;
  launch.products = "products";
  return launch;
}

// 2 x 3 tiles of 128 x 128 for 200 x 300, 3 steps of 32 for k = 70. A tile reads 70 columns of 128
// rows of A and as many of B, of two bytes.
TEST(ExplainWork, AProductWithEdges) {
  const Problem p = parse_case("gemm/bf16/m200n300k70bt");
  const auto work = work_of(p, {tiles_of(128, 128, 32, 6)});
  ASSERT_EQ(work.size(), 1u);
  EXPECT_DOUBLE_EQ(work[0].flops, 2.0 * 200 * 300 * 70);
  EXPECT_DOUBLE_EQ(work[0].tile_flops, 2.0 * 6 * 128 * 128 * 96);
  EXPECT_DOUBLE_EQ(work[0].memory_bytes, 2.0 * (200 * 70 + 300 * 70 + 200 * 300));
  EXPECT_DOUBLE_EQ(work[0].cache_bytes, 2.0 * 6 * 70 * (128 + 128));
  EXPECT_EQ(work[0].items, 6);
  EXPECT_TRUE(work[0].steps.empty());
}

// 64 tiles of 16 x 64, whose 64 steps of 64 are two parts each: sums of f32 are written and read.
TEST(ExplainWork, PartsOfSumsOverK) {
  const Problem p = parse_case("gemm/bf16/m1n4096k4096bt");
  const auto whole = work_of(p, {tiles_of(16, 64, 64, 64)});
  const auto parts = work_of(p, {tiles_of(16, 64, 64, 128)});
  const double sums = 128 * 16 * 64 * 4.0;
  EXPECT_EQ(parts[0].items, 128);
  EXPECT_TRUE(parts[0].steps.empty());
  EXPECT_DOUBLE_EQ(parts[0].tile_flops, whole[0].tile_flops);
  EXPECT_DOUBLE_EQ(parts[0].memory_bytes, whole[0].memory_bytes + 2 * sums);
  EXPECT_DOUBLE_EQ(parts[0].cache_bytes, whole[0].cache_bytes + 2 * sums);
}

// 5 tiles of 16 x 64 and 7 steps of 64 for k = 430, in parts of 3, 3 and 1 steps. Of 6 units all
// take a part of 3 steps, and then 4 of them the rest of these; the 5 short ones fit on the
// other 2.
TEST(ExplainWork, TheLastPartsAreShorterWhereKIsNoMultiple) {
  const Problem p = parse_case("gemm/bf16/m10n320k430bt");
  const PlannedLaunch launch = tiles_of(16, 64, 64, 5 * 3);
  const auto work = work_of(p, {launch});
  EXPECT_EQ(work[0].steps,
            (std::vector<std::int64_t>{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1}));
  EXPECT_DOUBLE_EQ(work[0].tile_flops, 2.0 * 5 * 16 * 64 * 7 * 64);
  const KnownDevice device{
      .id = "six", .name = "Six", .architecture = "six", .source = "none", .compute_units = 6};
  const LaunchModel m = model(device, launch, work[0]);
  EXPECT_DOUBLE_EQ(m.fill, 5 * 7.0 / (6 * 6));
  EXPECT_DOUBLE_EQ(m.useful, 10.0 * 430 / (16 * 448));
}

// The same on a grid that is persistent: items 0, 6 and 12 are unit 0's, of 3, 3 and 1 steps.
TEST(ExplainWork, PartsOfAPersistentGridAreDealt) {
  PlannedLaunch launch = tiles_of(16, 64, 64, 5 * 3);
  launch.persistent = true;
  const auto work = work_of(parse_case("gemm/bf16/m10n320k430bt"), {launch});
  EXPECT_DOUBLE_EQ(fill_of(work[0], 6), 5 * 7.0 / (6 * 7));
}

// Five blocks of 128, of two steps each, are parts of three and two blocks.
TEST(ExplainWork, PartsAreWholeBlocksOfScales) {
  const Problem p = parse_case("scaledgemm/bf16xe4m3/m2n128k640");
  const auto parts = work_of(p, {tiles_of(16, 64, 64, 4)});
  EXPECT_EQ(parts[0].steps, (std::vector<std::int64_t>{6, 6, 4, 4}));
  EXPECT_DOUBLE_EQ(parts[0].tile_flops, 2.0 * 2 * 16 * 64 * 640);
}

// Codes of half a byte in W: a tile of n columns reads n ÷ 2 bytes a step of k.
TEST(ExplainWork, WeightsInCodes) {
  const Problem p = parse_case("weightonly/bf16xint4/m16n64k128");
  const auto work = work_of(p, {tiles_of(16, 64, 128, 1)});
  EXPECT_DOUBLE_EQ(work[0].cache_bytes, 128 * (16 * 2.0 + 64 * 0.5));
}

// One query of 8 heads that share 2 key heads. 1000 keys are 8 steps of 128, in 4 ranges of 2. Each
// item reads a tile of queries, and 2 steps of keys and values.
TEST(ExplainWork, AttentionInRangesAndItsMerge) {
  const Problem p = parse_case("attention/bf16/b3q1kv1000h8hkv2d64");
  PlannedLaunch main = tiles_of(16, 128, 0, 3 * 2 * 4);
  main.workspace_bytes = 4096;
  PlannedLaunch merge;
  merge.items = 3 * 8;
  merge.workspace_bytes = 4096;
  const auto work = work_of(p, {main, merge});
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(main_launch({main, merge}), 0u);
  EXPECT_DOUBLE_EQ(work[0].flops, flops(p));
  EXPECT_TRUE(work[0].steps.empty());
  EXPECT_DOUBLE_EQ(work[0].tile_flops, 4.0 * (3 * 2 * 8) * 16 * 128 * 64);
  EXPECT_DOUBLE_EQ(work[0].cache_bytes, 2.0 * 64 * (2 * (3 * 2 * 8) * 128 + 24 * 16));
  // Inputs and the partial results; these and the output.
  const double output = 3 * 8 * 64 * 2;
  EXPECT_DOUBLE_EQ(work[0].memory_bytes, bytes(p) - output + 4096);
  EXPECT_DOUBLE_EQ(work[1].memory_bytes, 4096 + output);
  EXPECT_DOUBLE_EQ(work[1].flops, 0);
}

// 256 queries in tiles of 128 and as many keys in steps of 64: the first tile sees 2 steps, the
// second 4, of each head.
TEST(ExplainWork, ACausalMaskHidesSteps) {
  const Problem p = parse_case("attention/bf16/b1q256kv256h3hkv3d64causal");
  const auto work = work_of(p, {tiles_of(128, 64, 0, 6)});
  EXPECT_EQ(work[0].steps, (std::vector<std::int64_t>{4, 4, 4, 2, 2, 2}));
  EXPECT_DOUBLE_EQ(work[0].tile_flops, 4.0 * 18 * 128 * 64 * 64);
}

// 4 tokens for 2 of 4 experts each: 2 rows an expert, a tile for each.
TEST(ExplainWork, TilesOfGroupsThatAreShort) {
  const Problem p = parse_case("groupedgemm/bf16/t4e4top2n128k64");
  const auto work = work_of(p, {tiles_of(16, 64, 64, 4 * 2 + 10)});
  EXPECT_EQ(work[0].items, 4 * 2);
  EXPECT_DOUBLE_EQ(work[0].tile_flops, 2.0 * 8 * 16 * 64 * 64);
}

TEST(ExplainWork, WhatMovesMemoryReadsAndWritesOnce) {
  const Problem p = parse_case("softmax/bf16/r4c256");
  PlannedLaunch launch;
  launch.items = 4;
  const auto work = work_of(p, {launch});
  EXPECT_DOUBLE_EQ(work[0].memory_bytes, 2.0 * 2 * 4 * 256);
  EXPECT_DOUBLE_EQ(work[0].flops, 0);
  EXPECT_DOUBLE_EQ(work[0].cache_bytes, 0);
}

}  // namespace
}  // namespace moat::explain
