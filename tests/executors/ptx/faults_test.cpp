// SPDX-License-Identifier: Apache-2.0
// What a GPU could not have run, or not with this result.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/executors/ptx/harness.hpp"

namespace moat::ptx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

auto faults(const std::string& what, const std::string& also = "") {
  return ThrowsMessage<Fault>(AllOf(HasSubstr(what), HasSubstr(also)));
}

constexpr Shape kTwoWarps{.blocks = 1, .threads = 64, .shared_bytes = 1024};

void run(const std::string& body, const Shape& shape = {.shared_bytes = 1024}, u32 words = 64) {
  Harness h(words + 64);
  h.fill(words);
  h.run(kOwnWord + body, shape);
}

TEST(PtxFaults, NameKernelLineAndLane) {
  EXPECT_THAT([] { run("ld.global.u32 %r2, [%rd2+512];"); },
              faults("line 16: `ld.global.u32 %r2, [%rd2+512];`: block 0, warp 0, lane 0: 4 bytes "
                     "at 0x",
                     "; kernel test"));
}

TEST(PtxFaults, RegistersThatNothingWrote) {
  EXPECT_THAT([] { run("add.s32 %r3, %r7, 1;"); }, faults("reads %r7, which nothing wrote"));
  // Only in the lanes that took the other way.
  EXPECT_THAT([] { run("setp.lt.u32 %p1, %r1, 9;\n@%p1 mov.u32 %r7, 3;\nadd.s32 %r3, %r7, 1;"); },
              faults("lane 9: reads %r7, which nothing wrote"));
  EXPECT_THAT([] { run("@%p7 bra end;\nend:"); }, faults("reads %p7, which nothing wrote"));
}

TEST(PtxFaults, GlobalMemory) {
  EXPECT_THAT([] { run("ld.global.u32 %r2, [%rd2+256];"); },
              faults("reads global memory that nothing wrote, at byte 256"));
  EXPECT_THAT([] { run("st.global.u32 [%rd2+-4], %r1;"); }, faults("outside every allocation"));
  EXPECT_THAT([] { run("ld.global.u32 %r2, [%rd2+2];"); }, faults("is not a multiple of 4"));
  EXPECT_THAT([] { run("ld.global.v4.u32 {%r2,%r3,%r4,%r5}, [%rd2];"); },
              faults("lane 1: misaligned"));
}

TEST(PtxFaults, AllocationsAreOutOfReachOfEachOther) {
  GlobalMemory memory;
  std::vector<u64> begins;
  for (int i = 0; i < 64; ++i) begins.push_back(reinterpret_cast<u64>(memory.allocate(1000)));
  std::ranges::sort(begins);
  for (std::size_t i = 1; i < begins.size(); ++i) {
    EXPECT_GE(begins[i] - begins[i - 1], u64{1} << 32);
  }
}

TEST(PtxFaults, SharedMemory) {
  EXPECT_THAT([] { run("mov.u32 %r2, arena;\nld.shared.u32 %r3, [%r2];"); },
              faults("reads shared memory that nothing wrote"));
  EXPECT_THAT([] { run("mov.u32 %r2, arena;\nst.shared.u32 [%r2+1024], %r1;"); },
              faults("4 bytes at offset 1024 of 1024"));
  EXPECT_THAT([] { run("mov.u32 %r2, arena;\nst.shared.u32 [%r2+-4], %r1;"); },
              faults("4 bytes at offset -4 of 1024"));
}

const std::string kShared = "mov.u32 %r2, arena;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r2, %r2, %r3;\n";

TEST(PtxFaults, RacesInSharedMemory) {
  const auto racing = [](const std::string& between) {
    // Each lane reads what the other warp wrote.
    run(kShared + "st.shared.u32 [%r2], %r1;\n" + between +
            "xor.b32 %r3, %r3, 128;\nmov.u32 %r4, arena;\nadd.s32 %r4, %r4, %r3;\n"
            "ld.shared.u32 %r5, [%r4];",
        kTwoWarps);
  };
  EXPECT_THAT([&] { racing(""); }, faults("reads shared memory that nothing wrote"));
  EXPECT_THAT([&] { racing("bar.arrive 1, 64;\n"); }, ::testing::Throws<Fault>());
  EXPECT_NO_THROW(racing("bar.sync 0;\n"));
  EXPECT_THAT([&] { racing("bar.sync 0;\nst.shared.u32 [%r2], %r1;\n"); },
              faults("overwrites what was read by warp", "no barrier between"));
}

// Lanes that write neighbouring bytes do not meet; those that write one byte do.
TEST(PtxFaults, BytesAreApart) {
  const std::string own = "cvt.u64.u32 %rd3, %r1;\nadd.s64 %rd3, %rd1, %rd3;\n";
  const std::string one =
      "and.b32 %r4, %r1, 31;\ncvt.u64.u32 %rd3, %r4;\n"
      "add.s64 %rd3, %rd1, %rd3;\n";
  const std::string store = "st.global.u8 [%rd3], %r1;\n";
  EXPECT_NO_THROW(run(own + store + "ld.global.u8 %r5, [%rd3];\n", kTwoWarps));
  EXPECT_THAT([&] { run(one + store, kTwoWarps); },
              faults("lane 0: overwrites global memory that was written by warp 0, lane 0"));
  // What was written before as words.
  EXPECT_THAT([&] { run("st.global.u32 [%rd2], %r1;\n" + own + store); },
              faults("lane 1: overwrites global memory that was written by warp 0, lane 0"));
  EXPECT_THAT([&] { run(own + store + "ld.global.u32 %r5, [%rd2];\n"); },
              faults("lane 0: reads global memory that was written by warp 0, lane 1"));

  const std::string shared =
      "mov.u32 %r2, arena;\nadd.s32 %r3, %r2, %r1;\n"
      "st.shared.u8 [%r3], %r1;\nld.shared.u8 %r5, [%r3];\n";
  const std::string others =
      "xor.b32 %r4, %r1, 63;\nadd.s32 %r4, %r2, %r4;\n"
      "ld.shared.u8 %r5, [%r4];\n";
  EXPECT_NO_THROW(run(shared + "bar.sync 0;\n" + others, kTwoWarps));
  EXPECT_THAT([&] { run(shared + others, kTwoWarps); }, ::testing::Throws<Fault>());
  EXPECT_THAT([&] { run("mov.u32 %r2, arena;\nst.shared.u8 [%r2], %r1;\n", kTwoWarps); },
              faults("overwrites what was written by", "no barrier between"));
}

// Addresses whose ends wrap, also where the allocation was found before.
TEST(PtxFaults, TheLastAddresses) {
  const std::string zero = "ld.global.u32 %r2, [%rd2];\nsub.s64 %rd3, %rd1, %rd1;\n";
  const char* const outside = "4 bytes at 0xfffffffffffffffc lie outside every allocation";
  EXPECT_THAT([&] { run(zero + "ld.global.u32 %r3, [%rd3+-4];"); }, faults(outside));
  EXPECT_THAT([&] { run(zero + "st.global.u32 [%rd3+-4], %r1;"); }, faults(outside));
  EXPECT_THAT([&] { run(zero + "ld.u32 %r3, [%rd3+-4];"); }, faults(outside));
  EXPECT_THAT([&] { run(zero + "st.u32 [%rd3+-4], %r1;"); }, faults(outside));
}

TEST(PtxFaults, RacesOfAWarpsLanes) {
  const auto racing = [](const std::string& between) {
    run(kShared + "st.shared.u32 [%r2], %r1;\n" + between +
        "xor.b32 %r3, %r3, 4;\nmov.u32 %r4, arena;\nadd.s32 %r4, %r4, %r3;\n"
        "ld.shared.u32 %r5, [%r4];");
  };
  EXPECT_THAT([&] { racing(""); }, faults("no barrier between"));
  EXPECT_NO_THROW(racing("mov.u32 %r6, -1;\nbar.warp.sync %r6;\n"));
}

TEST(PtxFaults, DivergentBarriers) {
  EXPECT_THAT([] { run("setp.lt.u32 %p1, %r1, 9;\n@%p1 bar.sync 0;"); },
              faults("is deadlocked", "9 of 32 lanes, warp 0 first, wait for the warp's other"));
  EXPECT_THAT([] { run("setp.lt.u32 %p1, %r1, 32;\n@%p1 bar.sync 0;", kTwoWarps); },
              faults("is deadlocked", "32 of 64 threads arrived"));
  EXPECT_THAT([] { run("bar.sync 0, 48;", kTwoWarps); }, faults("barrier 0 for 48 threads"));
  EXPECT_THAT([] { run("bar.arrive 3, 64;\n"); }, faults("barrier 3 for 64 threads"));
}

TEST(PtxFaults, BarriersThatNobodyWaitsFor) {
  EXPECT_THAT([] { run("setp.lt.u32 %p1, %r1, 32;\n@%p1 bar.arrive 3, 64;", kTwoWarps); },
              faults("the block ends, and at barrier 3 only 32 of 64"));
}

TEST(PtxFaults, ShufflesWithLanesThatTakeNoPart) {
  const std::string all = "mov.u32 %r4, 1;\nmov.u32 %r5, 31;\n";
  EXPECT_THAT(
      [&] { run(all + "mov.u32 %r6, 0xffff;\nshfl.sync.bfly.b32 %r7|%p1, %r1, %r4, %r5, %r6;"); },
      faults("executes it, but only the lanes 0xffff take part"));
  EXPECT_THAT(
      [&] {
        run(all +
            "mov.u32 %r6, -1;\nsetp.lt.u32 %p1, %r1, 9;\n@%p1 bra end;\n"
            "shfl.sync.bfly.b32 %r7|%p2, %r1, %r4, %r5, %r6;\nend:");
      },
      faults("is deadlocked", "23 of 32 lanes"));
}

TEST(PtxFaults, EndlessLoops) {
  EXPECT_THAT([] { run("again:\nbra again;", {.shared_bytes = 1024, .most_instructions = 1000}); },
              faults("an endless loop: the block has executed 1000 instructions"));
  EXPECT_THAT(
      [] {
        run("again:\nbar.sync 0;\nbra again;",
            {.threads = 64, .shared_bytes = 1024, .most_instructions = 1000});
      },
      faults("an endless loop: the block has executed 1000 instructions"));
}

// Blocks pass on values: fences before and after an atomic operation on either side.
void pass_on(const std::string& before, const std::string& after) {
  // Block 0 writes the second word; block 1 reads it.
  run("mov.u32 %r2, %ctaid.x;\nsetp.ne.u32 %p2, %r1, 0;\n@%p2 bra end;\n"
      "setp.ne.u32 %p1, %r2, 0;\n@%p1 bra reader;\nst.global.u32 [%rd1+4], %r1;\n" +
          before +
          "atom.global.add.u32 %r3, [%rd1], 1;\nbra end;\n"
          "reader:\natom.global.add.u32 %r3, [%rd1], 1;\n" +
          after + "ld.global.u32 %r4, [%rd1+4];\nend:",
      {.blocks = 2});
}

TEST(PtxFaults, ValuesOfOtherBlocks) {
  const std::string fence = "membar.gl;\n";
  EXPECT_NO_THROW(pass_on(fence, fence));
  EXPECT_THAT([&] { pass_on("", fence); }, faults("written by block 0", "no fence"));
  EXPECT_THAT([&] { pass_on(fence, ""); }, faults("written by block 0", "no fence"));
}

TEST(PtxFaults, RacesInGlobalMemory) {
  const auto racing = [](const std::string& between) {
    run("st.global.u32 [%rd2], %r1;\n" + between +
            "xor.b32 %r3, %r1, 32;\nmul.wide.u32 %rd3, %r3, 4;\nadd.s64 %rd3, %rd1, %rd3;\n"
            "ld.global.u32 %r5, [%rd3];",
        kTwoWarps);
  };
  EXPECT_THAT([&] { racing(""); }, faults("written by warp", "no barrier between"));
  EXPECT_NO_THROW(racing("bar.sync 0;\n"));
  EXPECT_THAT([] { run("mov.u32 %r2, %ctaid.x;\nst.global.u32 [%rd2], %r2;", {.blocks = 2}); },
              faults("overwrites global memory that was written by block 0"));
}

// Atomic operations may meet each other, but no plain access.
TEST(PtxFaults, RacesWithAtomicOperations) {
  const auto racing = [](const std::string& first, const std::string& between,
                         const std::string& second) {
    run("setp.ne.u32 %p1, %r1, 0;\nsetp.ne.u32 %p2, %r1, 32;\n@%p1 bra meet;\n" + first +
            "\nmeet:\n" + between + "\n@%p2 bra end;\n" + second + "\nend:",
        kTwoWarps);
  };
  const std::string add = "atom.global.add.u32 %r3, [%rd1], 1;";
  const std::string load = "ld.global.u32 %r4, [%rd1];";
  const std::string store = "st.global.u32 [%rd1], %r1;";
  EXPECT_NO_THROW(racing(add, "", add));
  EXPECT_THAT([&] { racing(store, "", add); },
              faults("adds to global memory that was written by warp 0", "no barrier between"));
  EXPECT_THAT([&] { racing(add, "", load); },
              faults("reads global memory that was written by warp 0", "no barrier between"));
  EXPECT_THAT([&] { racing(add, "", store); },
              faults("overwrites global memory that was written by warp 0", "no barrier between"));
  for (const auto& [first, second] : {std::pair{store, add}, {add, load}, {add, store}}) {
    EXPECT_NO_THROW(racing(first, "bar.sync 0;", second)) << first << second;
  }
  EXPECT_THAT([&] { racing(add, "", "ld.global.nc.u32 %r4, [%rd1];"); },
              faults("no barrier between"));
  EXPECT_THAT([&] { racing(add, "bar.sync 0;", "ld.global.nc.u32 %r4, [%rd1];"); },
              faults("reads as constant what this launch wrote"));
  // An atomic operation of one block, a plain one of another.
  EXPECT_THAT(
      [] {
        run("setp.ne.u32 %p1, %r1, 0;\n@%p1 bra end;\nmov.u32 %r2, %ctaid.x;\n"
            "setp.ne.u32 %p1, %r2, 0;\n@%p1 bra other;\nst.global.u32 [%rd1], %r1;\nbra end;\n"
            "other:\natom.global.add.u32 %r3, [%rd1], 1;\nend:",
            {.blocks = 2});
      },
      faults("adds to global memory that was written by block 0"));
}

TEST(PtxFaults, ConstantsThatTheLaunchWrites) {
  const std::string load = "ld.global.nc.u32 %r3, [%rd2];\n";
  EXPECT_NO_THROW(run(load));
  EXPECT_THAT([&] { run("st.global.u32 [%rd2], %r1;\n" + load); },
              faults("reads as constant what this launch wrote, line 16"));
}

TEST(PtxFaults, Launches) {
  EXPECT_THAT([] { run("", {.threads = 33}); }, faults("a block of 33 threads"));
}

}  // namespace
}  // namespace moat::ptx
