// SPDX-License-Identifier: Apache-2.0
#include "bench/software/floor.hpp"

#include <gtest/gtest.h>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

// 100 FLOP/s, 10 bytes/s.
Ceilings ceilings() {
  Ceilings c;
  for (const DType t : kDTypes) c.flops(t) = 100;
  c.read_bytes = c.copy_bytes = 10;
  return c;
}

DeviceInfo device(std::size_t cache_bytes) {
  DeviceInfo info;
  info.cache_bytes = cache_bytes;
  return info;
}

TEST(Floor, IsTheLargerOfComputeAndTraffic) {
  const Floor memory = floor_of(read_way("gemm/f32/m1n8k8"), device(0), ceilings(), true);
  EXPECT_DOUBLE_EQ(memory.seconds.value(), 4.0 * (8 + 64 + 8) / 10);
  EXPECT_EQ(memory.bound, "memory");
  const Floor compute = floor_of(read_way("gemm/f32/m512n512k512"), device(0), ceilings(), true);
  EXPECT_DOUBLE_EQ(compute.seconds.value(), 2.0 * 512 * 512 * 512 / 100);
  EXPECT_EQ(compute.bound, "compute");
}

TEST(Floor, OfStepsIsTheirSum) {
  const ReadWay unfused = read_way("unfused:addrmsnorm/f32/r4c8");
  const double matrix = 4 * 4 * 8;
  const double all = 3 * matrix + 2 * matrix + 4 * 8;  // with the weight
  EXPECT_DOUBLE_EQ(floor_of(unfused, device(0), ceilings(), true).seconds.value(), all / 10);
  EXPECT_FALSE(stays_in_cache(unfused, device(0)));
  // The sum is read again from a cache that holds it.
  EXPECT_TRUE(stays_in_cache(unfused, device(128)));
  EXPECT_DOUBLE_EQ(floor_of(unfused, device(128), ceilings(), true).seconds.value(),
                   (all - matrix) / 10);
}

TEST(Floor, OfMaterialisedAttentionCountsScoresThatLeaveTheCache) {
  const ReadWay way = read_way("materialised:attention/f32/b1q4kv4h2hkv2d64scale1");
  const double scores = 4.0 * 2 * 4 * 4;
  const double in_memory = floor_of(way, device(0), ceilings(), true).seconds.value();
  const double in_cache = floor_of(way, device(1 << 20), ceilings(), true).seconds.value();
  // Scores and weights are written and read once each; of the softmax its 5 operations stay.
  EXPECT_NEAR(in_memory - in_cache, 4 * scores / 10 - 5.0 * 2 * 4 * 4 / 100, 1e-9);
}

TEST(Floor, OfMissingCeilingsSaysWhich) {
  Ceilings c = ceilings();
  c.flops_bf16.reset();
  c.missing = {"bf16: no unit"};
  const Floor floor = floor_of(read_way("gemm/bf16/m512n512k512"), device(0), c, true);
  EXPECT_FALSE(floor.seconds);
  EXPECT_NE(floor.reason.find("no unit"), std::string::npos) << floor.reason;
  c = ceilings();
  c.read_bytes.reset();
  c.copy_bytes.reset();
  const Floor chain = floor_of(read_way("unfused:addrmsnorm/f32/r4c8"), device(0), c, true);
  EXPECT_FALSE(chain.seconds);
  EXPECT_EQ(chain.reason, "no memory ceiling: not measured");
}

// Of one vector the bytes bind, whatever the arithmetic reaches; of many who knows.
TEST(Floor, OfOneVectorIsThatOfItsBytesAlone) {
  Ceilings c = ceilings();
  for (const DType t : kDTypes) c.flops(t).reset();
  const Floor one = floor_of(read_way("gemm/bf16/m1n64k64"), device(0), c, true);
  EXPECT_DOUBLE_EQ(one.seconds.value(), 2.0 * (64 + 64 * 64 + 64) / 10);
  EXPECT_TRUE(one.from_memory_alone);
  EXPECT_FALSE(floor_of(read_way("gemm/bf16/m64n64k64"), device(0), c, true).seconds);
  EXPECT_FALSE(floor_of(read_way("gemm/bf16/m1n64k64"), device(0), c, false).seconds);
  EXPECT_FALSE(
      floor_of(read_way("gemm/bf16/m1n64k64"), device(0), ceilings(), true).from_memory_alone);
}

TEST(Floor, MemoryBindsElementsAlsoWithoutCeilings) {
  const auto binds = [](const char* name, const Ceilings& c, bool cold) {
    const ReadWay way = read_way(name);
    return memory_binds(way, floor_of(way, device(0), c, cold), cold);
  };
  for (const char* name : {"rope/f32/t4h8d64", "unfused:rope/f32/t4h8d64"}) {
    EXPECT_TRUE(binds(name, {}, true)) << name;
    EXPECT_FALSE(binds(name, {}, false)) << name;
    EXPECT_TRUE(binds(name, ceilings(), true)) << name;
  }
  EXPECT_FALSE(binds("gemm/f32/m512n512k512", ceilings(), true));
  EXPECT_FALSE(binds("gemm/f32/m512n512k512", {}, true));
}

}  // namespace
}  // namespace moat
