// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "tests/executors/ptx/harness.hpp"

namespace moat::ptx {
namespace {

// Addresses, a load and a store of shared memory, arithmetic and a branch in every step.
TEST(PtxSpeed, TwoMillionInstructionsASecond) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "of optimised builds";
#endif
  Harness h(kWarp);
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const std::clock_t begin = std::clock();
    const Counts counts =
        h.run(kOwnWord +
                  "mov.u32 %r2, arena;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r2, %r2, %r3;\n"
                  "mov.u32 %r4, 0;\nmov.f32 %f1, 0f3F800000;\nst.shared.f32 [%r2], %f1;\n"
                  "again:\nld.shared.f32 %f2, [%r2];\nfma.rn.f32 %f1, %f2, %f2, %f1;\n"
                  "mul.f32 %f3, %f1, %f2;\nmax.f32 %f1, %f3, %f2;\nshl.b32 %r5, %r4, 3;\n"
                  "add.s32 %r6, %r5, %r1;\nst.shared.f32 [%r2], %f1;\n"
                  "add.s32 %r4, %r4, 1;\nsetp.lt.u32 %p1, %r4, 100000;\n@%p1 bra again;\n",
              {.shared_bytes = 1024});
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(counts.warp_instructions) / seconds);
  }
  RecordProperty("instructions_per_second", static_cast<int>(best));
  EXPECT_GT(best, 2e6);
}

}  // namespace
}  // namespace moat::ptx
