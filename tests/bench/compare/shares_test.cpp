// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/shares.hpp"

#include <gtest/gtest.h>

#include "bench/cases/case.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

constexpr const char* kWhy = "the processor has AMX, which no ceiling kernel uses";

// A device with ceilings of f32 (200 GFLOP/s) and memory, none of bf16; the share that older
// programs wrote.
Record old_record(const std::string& problem, double seconds, const std::string& cache = "cold") {
  Record r = timed_record({{problem, std::vector<double>(12, seconds)}}).record;
  r.devices[0].ceilings.flops_bf16 = Reading<double>::none(kWhy);
  CaseRecord& c = r.cases[0];
  c.dtype = problem.find("/bf16/") != std::string::npos ? "bf16" : "f32";
  c.cache = cache;
  c.ceiling = Reading<ShareRecord>::of({.bound = "memory", .share = 0.008});
  return r;
}

Reading<ShareRecord> recomputed(const std::string& problem, double seconds,
                                const std::string& cache = "cold") {
  Record r = old_record(problem, seconds, cache);
  recompute_shares(r);
  return r.cases[0].ceiling;
}

TEST(RecomputeShares, OfACeilingThatWasNotMeasuredAreNull) {
  for (const char* problem :
       {"gemm/bf16/m1024n1024k1024", "gemm/bf16/m64n4096k4096bt",
        "attention/bf16/b1q512kv512h32hkv8d128", "attention/bf16/b1q16kv512h32hkv8d128"}) {
    const auto share = recomputed(problem, 0.1);
    EXPECT_FALSE(share.value.has_value()) << problem;
    EXPECT_EQ(share.reason, std::string("no bf16 compute ceiling: ") + kWhy);
  }
}

TEST(RecomputeShares, MemoryCountsWhereItSurelyBinds) {
  // 33.6 MB at 20 GB/s take longer than 33.6 MFLOP at f32's 200 GFLOP/s.
  const auto vector = recomputed("gemm/bf16/m1n4096k4096bt", 5e-3);
  ASSERT_TRUE(vector.value.has_value()) << vector.reason;
  EXPECT_EQ(vector.value->bound, "memory");
  EXPECT_NEAR(vector.value->share, 0.336, 0.001);
  for (const char* problem : {"attention/bf16/b1q1kv4096h32hkv8d128", "max/bf16/n16777216",
                              "softmax/bf16/r1024c4096", "rmsnorm/bf16/r512c4096"}) {
    EXPECT_TRUE(recomputed(problem, 1).value.has_value()) << problem;
  }
}

TEST(RecomputeShares, InTheCacheNothingBindsThatWasMeasured) {
  EXPECT_FALSE(recomputed("max/bf16/n1000", 1e-6, "hot").value.has_value());
}

TEST(RecomputeShares, LeavesWhatIsRight) {
  EXPECT_EQ(recomputed("sum/f32/n1000", 1).value->share, 0.008) << "both ceilings were measured";
  Record unknown = old_record("gemm/bf16/of-another-version", 1);
  recompute_shares(unknown);
  EXPECT_EQ(unknown.cases[0].ceiling.value->share, 0.008);
  Record yardstick = old_record("max/bf16/n1000", 1);
  yardstick.cases[0].implementation = "read";
  recompute_shares(yardstick);
  EXPECT_EQ(yardstick.cases[0].ceiling.value->share, 0.008);
}

TEST(RecomputeShares, AYardstickNeedsTheCeilingOfItsTraffic) {
  for (const auto& [name, remains] : {std::pair("read", false), {"copy", true}}) {
    Record r = old_record("max/bf16/n1000", 1);
    r.cases[0].implementation = name;
    r.devices[0].ceilings.read_bytes = Reading<double>::none("disturbed");
    recompute_shares(r);
    EXPECT_EQ(r.cases[0].ceiling.value.has_value(), remains) << name;
    if (!remains) {
      EXPECT_EQ(r.cases[0].ceiling.reason, "no memory ceiling was measured: disturbed");
    }
  }
}

TEST(RecomputeShares, WithoutAMemoryCeilingArithmeticIsNotTakenToBind) {
  Record r = old_record("sum/f32/n16777216", 1);
  r.devices[0].ceilings.read_bytes = Reading<double>::none("too little memory");
  recompute_shares(r);
  EXPECT_FALSE(r.cases[0].ceiling.value.has_value());
  EXPECT_EQ(r.cases[0].ceiling.reason, "no memory ceiling: read: too little memory");
}

// What was lost on a busy machine although the ceiling that binds was measured.
TEST(RecomputeShares, NeedOnlyTheCeilingsOfTheirTraffic) {
  const auto of = [](const char* problem) {
    Record r = old_record(problem, 1);
    r.devices[0].ceilings.read_bytes = Reading<double>::none("read: disturbed");
    r.devices[0].ceilings.flops_f32 = Reading<double>::none("disturbed twice");
    recompute_shares(r);
    return r.cases[0].ceiling;
  };
  EXPECT_TRUE(of("softmax/f32/r1024c4096").value.has_value());
  EXPECT_TRUE(of("rmsnorm/f32/r1024c4096").value.has_value());
  EXPECT_EQ(of("sum/f32/n16777216").reason, "no memory ceiling: read: disturbed");
  EXPECT_EQ(of("gemm/f32/m64n4096k4096").reason,
            "no memory ceiling: read: disturbed; no f32 compute ceiling: disturbed twice");
}

}  // namespace
}  // namespace moat
