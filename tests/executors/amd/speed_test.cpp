// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

#include "tests/executors/amd/assembled.hpp"

namespace moat::amdgcn {
namespace {

// The step of a product: operands from LDS, one matrix instruction, and what counts and addresses.
TEST(AmdExecutorSpeed, TwoMillionInstructionsASecond) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "of optimised builds";
#endif
  Assembled kernel("gfx90a", R"(
  v_lshlrev_b32 v1, 2, v0
  v_mov_b32 v2, 0
  v_mov_b32 v3, 0
  ds_write_b32 v1, v2
  s_mov_b32 s8, 0x20000
.Lloop:
  ds_read_b64 v[4:5], v3 offset:8
  v_add_u32 v6, v1, v0
  v_fma_f32 v7, v2, v2, v2
  v_cmp_gt_u32 vcc, v6, v0
  v_cndmask_b32 v6, v6, v7, vcc
  s_waitcnt lgkmcnt(0)
  v_mfma_f32_16x16x16f16 v[8:11], v[4:5], v[4:5], 0
  v_add_u32 v6, v6, v1
  s_sub_u32 s8, s8, 1
  s_cmp_lg_u32 s8, 0
  s_cbranch_scc1 .Lloop
)");
  kernel.instruction_limit = 10'000'000;
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const std::clock_t begin = std::clock();
    const std::uint64_t instructions = kernel.run(64);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(instructions) / seconds);
  }
  RecordProperty("instructions_per_second", static_cast<int>(best));
  EXPECT_GT(best, 2e6);
}

}  // namespace
}  // namespace moat::amdgcn
