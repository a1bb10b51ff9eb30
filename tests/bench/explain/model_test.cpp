// SPDX-License-Identifier: Apache-2.0
// The model against examples that were computed by hand.
#include "bench/explain/model.hpp"

#include <gtest/gtest.h>

namespace moat::explain {
namespace {

// 100 units, 1 PFLOP/s, 1 TB/s, 10 TB/s: round figures.
KnownDevice round_device() {
  return {.id = "round",
          .name = "Round",
          .architecture = "round",
          .source = "none",
          .compute_units = 100,
          .block_shared_bytes = 99 << 10,
          .unit_shared_bytes = 100 << 10,
          .reserved_shared_bytes = 1 << 10,
          .unit_threads = 2048,
          .memory_rate = 1e12,
          .cache_rate = 1e13};
}

PlannedLaunch product_launch() {
  PlannedLaunch launch;
  launch.threads = 256;
  launch.shared_bytes = 31 << 10;
  launch.m = launch.n = 128;
  launch.k = 32;
  launch.residency = launch.beside = 2;
  launch.products = "products";
  launch.product_rate = 1e15;
  return launch;
}

TEST(ExplainModel, OneWaveThatIsFull) {
  const LaunchWork work{.flops = 1e12, .tile_flops = 1e12, .items = 100};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_EQ(m.resident, 2);
  EXPECT_DOUBLE_EQ(m.waves, 0.5);
  EXPECT_DOUBLE_EQ(m.fill, 1);
  EXPECT_DOUBLE_EQ(m.useful, 1);
  EXPECT_DOUBLE_EQ(*m.products.seconds, 1e-3);
  EXPECT_DOUBLE_EQ(m.seconds, 1e-3);
  EXPECT_EQ(m.bound, Limit::products);
  EXPECT_TRUE(m.unknown.empty());
}

// 101 blocks on 100 units take as long as 200.
TEST(ExplainModel, OneBlockMore) {
  const LaunchWork work{.flops = 1e12, .tile_flops = 1e12, .items = 101};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_DOUBLE_EQ(m.fill, 101.0 / 200);
  EXPECT_DOUBLE_EQ(*m.products.seconds, 1e-3 * 200 / 101);
  EXPECT_EQ(m.bound, Limit::products);
}

// Tiles that lie half beyond the edge compute twice as much as they need.
TEST(ExplainModel, EdgesOfTiles) {
  const LaunchWork work{.flops = 1e12, .tile_flops = 2e12, .items = 100};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_DOUBLE_EQ(m.useful, 0.5);
  EXPECT_DOUBLE_EQ(*m.products.seconds, 2e-3);
}

TEST(ExplainModel, MemoryBindsWhereItTakesLonger) {
  const LaunchWork work{
      .flops = 1e9, .tile_flops = 16e9, .memory_bytes = 1e8, .cache_bytes = 2e8, .items = 50};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_DOUBLE_EQ(*m.products.seconds, 1e-6 * 16 * 2);
  EXPECT_DOUBLE_EQ(*m.memory.seconds, 1e-4);
  EXPECT_DOUBLE_EQ(*m.cache.seconds, 2e-5);
  EXPECT_EQ(m.bound, Limit::memory);
  EXPECT_DOUBLE_EQ(m.seconds, 1e-4);
}

TEST(ExplainModel, ReadsOfTheCacheBindWhereTilesAreSmall) {
  const LaunchWork work{.flops = 1e9, .tile_flops = 1e9, .cache_bytes = 1e9, .items = 100};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_EQ(m.bound, Limit::cache);
  EXPECT_DOUBLE_EQ(m.seconds, 1e-4);
}

TEST(ExplainModel, ALaunchTakesTimeOfItsOwn) {
  const LaunchWork work{.flops = 1e3, .tile_flops = 1e3, .memory_bytes = 1e3, .items = 1};
  const LaunchModel m = model(round_device(), product_launch(), work);
  EXPECT_EQ(m.bound, Limit::launch);
  EXPECT_DOUBLE_EQ(m.seconds, kLaunchSeconds);
}

TEST(ExplainModel, APeakWithoutASourceIsNamed) {
  PlannedLaunch launch = product_launch();
  launch.product_rate.reset();
  KnownDevice device = round_device();
  device.cache_rate.reset();
  const LaunchWork work{
      .flops = 1e12, .tile_flops = 1e12, .memory_bytes = 1e8, .cache_bytes = 1e9, .items = 100};
  const LaunchModel m = model(device, launch, work);
  EXPECT_EQ(m.unknown, (std::vector{Limit::products, Limit::cache}));
  EXPECT_EQ(m.bound, Limit::memory);
  EXPECT_FALSE(m.products.seconds);
  EXPECT_EQ(m.open, m.unknown);
  EXPECT_FALSE(bound_is_known(m));
}

// A cache that is as fast as memory reads these in less time than the products take.
TEST(ExplainModel, AnUnknownTermThatFitsLeavesTheBoundKnown) {
  KnownDevice device = round_device();
  device.cache_rate.reset();
  const LaunchWork work{.flops = 1e12, .tile_flops = 1e12, .cache_bytes = 1e8, .items = 100};
  const LaunchModel m = model(device, product_launch(), work);
  EXPECT_EQ(m.unknown, std::vector{Limit::cache});
  EXPECT_TRUE(m.open.empty());
  EXPECT_TRUE(bound_is_known(m));
}

// Products whose edges are not modelled may take longer than is said, and so bind.
TEST(ExplainModel, UnmodelledEdgesMayBind) {
  const LaunchWork few{.flops = 1e9, .memory_bytes = 1e8, .items = 100};
  EXPECT_FALSE(bound_is_known(model(round_device(), product_launch(), few)));
  const LaunchWork many{.flops = 1e12, .memory_bytes = 1e8, .items = 100};
  const LaunchModel m = model(round_device(), product_launch(), many);
  EXPECT_EQ(m.open, std::vector{Limit::products});
  EXPECT_TRUE(bound_is_known(m));
}

// What a unit has room for: 100 KiB ÷ (31 + 1) KiB are three blocks, 2048 ÷ 1024 threads two.
TEST(ExplainModel, BlocksAtOnceAreThoseThatEverythingAllows) {
  PlannedLaunch launch = product_launch();
  launch.beside = 8;
  EXPECT_EQ(resident_blocks(round_device(), launch), 3);
  launch.threads = 1024;
  EXPECT_EQ(resident_blocks(round_device(), launch), 2);
  launch.shared_bytes = 99 << 10;
  EXPECT_EQ(resident_blocks(round_device(), launch), 1);
}

// Two units, items of 4, 3, 2 and 1 steps, the longest first: 4 + 1 beside 3 + 2.
TEST(ExplainModel, ItemsOfDifferentLength) {
  EXPECT_DOUBLE_EQ(fill_of({.items = 4, .steps = {4, 3, 2, 1}}, 2), 1);
  EXPECT_DOUBLE_EQ(fill_of({.items = 4, .steps = {4, 1, 1, 1}}, 2), 7.0 / 8);
  EXPECT_DOUBLE_EQ(fill_of({.items = 3}, 2), 3.0 / 4);
  EXPECT_DOUBLE_EQ(fill_of({.items = 0}, 2), 1);
}

// The same in turn: 4 + 2 beside 3 + 1, 4 + 1 beside 1 + 1.
TEST(ExplainModel, ItemsThatAreDealtBefore) {
  EXPECT_DOUBLE_EQ(fill_of({.items = 4, .steps = {4, 3, 2, 1}, .dealt = true}, 2), 10.0 / 12);
  EXPECT_DOUBLE_EQ(fill_of({.items = 4, .steps = {4, 1, 1, 1}, .dealt = true}, 2), 7.0 / 10);
  EXPECT_DOUBLE_EQ(fill_of({.items = 1, .steps = {4}, .dealt = true}, 2), 4.0 / 8);
}

}  // namespace
}  // namespace moat::explain
