// SPDX-License-Identifier: Apache-2.0
// That kernels use the matrix unit, for what and how often, and give it back.
#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>

#include "backends/cpu/modes/tiles.hpp"
#include "backends/cpu/schedules.hpp"
#include "backends/cpu/worker.hpp"
#include "tests/backends/cpu/amx/kernels.hpp"
#include "tests/executors/amx/interpreter.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::cpu {
namespace {

static_assert(TileMode<Tiles> && TileMode<TilesOfOneSize> && TileMode<KeptTiles>);
static_assert(TileMode<AllHeadsByUnit>);
static_assert(kByTiles<bf16> && !kByTiles<f16> && !kByTiles<float>);

using amx::Operation;

struct Counts {
  std::int64_t products = amx::executed(Operation::tdpbf16ps);
  std::int64_t loads = amx::executed(Operation::tileloadd);
  std::int64_t zeros = amx::executed(Operation::tilezero);
  std::int64_t stores = amx::executed(Operation::tilestored);
  std::int64_t configurations = amx::executed(Operation::ldtilecfg);
  std::int64_t releases = amx::executed(Operation::tilerelease);

  Counts since(const Counts& before) const {
    Counts d = *this;
    d.products -= before.products;
    d.loads -= before.loads;
    d.zeros -= before.zeros;
    d.stores -= before.stores;
    d.configurations -= before.configurations;
    d.releases -= before.releases;
    return d;
  }
};

// The interpreter counts; hardware that has the unit does not.
class CpuTiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (amx::has_matrix_unit()) GTEST_SKIP() << "the processor executes matrix instructions itself";
  }

  Counts of_gemm(int m, int n, int k, int threads) {
    Backend backend(threads);
    const auto a = testing::random_array(DType::bf16, std::int64_t{m} * k, 1);
    const auto b = testing::random_array(DType::bf16, std::int64_t{n} * k, 2);
    testing::HostArray c(DType::bf16, std::int64_t{m} * n);
    const GemmProblem p{.dtype = DType::bf16,
                        .m = m,
                        .n = n,
                        .k = k,
                        .order_b = Order::transposed,
                        .a = a.data(),
                        .b = b.data(),
                        .c = c.data()};
    const Counts before;
    testing::solve(backend, p);
    return Counts().since(before);
  }
};

// As unit.hpp has it: a product a load in blocks of 2 × 2.
TEST_F(CpuTiles, ABlockNeedsALoadForEachProduct) {
  const Counts counts = of_gemm(64, 64, 512, 1);
  EXPECT_EQ(counts.products, 4 * 4 * 16);
  EXPECT_EQ(counts.loads, counts.products);
  EXPECT_EQ(counts.zeros, 16);
  EXPECT_EQ(counts.stores, 16);
}

// Sums are loaded again for each further step of the schedule.
TEST_F(CpuTiles, SumsAreLoadedOnceAStep) {
  const Counts counts = of_gemm(32, 32, 1024, 1);
  EXPECT_EQ(counts.products, 4 * 32);
  EXPECT_EQ(counts.loads, counts.products + 4);
  EXPECT_EQ(counts.zeros, 4);
  EXPECT_EQ(counts.stores, 8);
}

// No product of what lies outside: 3 × 2 tiles of sums and 3 of the depth.
TEST_F(CpuTiles, EdgesLeaveOutWholeTiles) {
  const Counts counts = of_gemm(33, 17, 65, 1);
  EXPECT_EQ(counts.products, 3 * 2 * 3);
  // A block of two rows and one of a single one, both of two columns.
  EXPECT_EQ(counts.loads, (4 + 3) * 3);
}

TEST_F(CpuTiles, FewRowsAreMultipliedInPlace) {
  EXPECT_EQ(of_gemm(8, 64, 64, 1).products, 0);
  EXPECT_GT(of_gemm(9, 64, 64, 1).products, 0);
}

// Decode attention by the rows of a head.
TEST_F(CpuTiles, FewQueriesOfAHeadAreMultipliedByVectors) {
  const auto products = [](int heads) {
    constexpr int kKeys = 40;
    Backend backend(1);
    const std::int64_t rows = std::int64_t{heads} * 128;
    const auto q = testing::random_array(DType::bf16, rows, 1);
    const auto k = testing::random_array(DType::bf16, kKeys * 128, 2);
    const auto v = testing::random_array(DType::bf16, kKeys * 128, 3);
    testing::HostArray o(DType::bf16, rows);
    AttentionProblem p{.dtype = DType::bf16,
                       .batch = 1,
                       .q_heads = heads,
                       .kv_heads = 1,
                       .q_len = 1,
                       .kv_len = kKeys,
                       .head_dim = 128,
                       .scale = 1};
    p.q = q.data();
    p.k = k.data();
    p.v = v.data();
    p.o = o.data();
    const Counts before;
    testing::solve(backend, p);
    return Counts().since(before).products;
  };
  EXPECT_EQ(products(8), 0);
  // 3 tiles of keys by 4 of the depth, and 8 tiles of columns by 2 of the keys.
  EXPECT_EQ(products(9), 3 * 4 + 8 * 2);
  EXPECT_EQ(products(16), 3 * 4 + 8 * 2);
}

TEST_F(CpuTiles, EachWorkerConfiguresTheUnitAndReleasesIt) {
  constexpr int kThreads = 3;
  const Counts counts = of_gemm(200, 200, 64, kThreads);
  EXPECT_EQ(counts.configurations, kThreads);
  EXPECT_EQ(counts.releases, kThreads);
  std::atomic<int> in_use = 0;
#pragma omp parallel num_threads(kThreads)
  { in_use += amx::tiles_in_use() ? 1 : 0; }
  EXPECT_EQ(in_use, 0);
}

}  // namespace
}  // namespace moat::cpu
