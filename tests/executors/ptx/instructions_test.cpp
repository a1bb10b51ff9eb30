// SPDX-License-Identifier: Apache-2.0
// Results of single instructions, beside values that were computed by hand or by the host.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>

#include "tests/executors/ptx/harness.hpp"

namespace moat::ptx {
namespace {

// Executes `body`, which leaves its result in %r9, in one warp; the result of `lane`.
u32 result(const std::string& body, std::size_t lane = 0) {
  Harness h(kWarp);
  h.run(kOwnWord + body + "st.global.u32 [%rd2], %r9;");
  return h.data[lane];
}
f32 float_result(const std::string& body) {
  return std::bit_cast<f32>(result(body + "mov.b32 %r9, %f9;\n"));
}

TEST(PtxInstructions, ShiftsClampTheirAmount) {
  EXPECT_EQ(result("mov.u32 %r2, 40;\nmov.u32 %r3, 1;\nshl.b32 %r9, %r3, %r2;\n"), 0u);
  EXPECT_EQ(result("mov.u32 %r2, 40;\nmov.u32 %r3, -8;\nshr.s32 %r9, %r3, %r2;\n"), ~0u);
  EXPECT_EQ(result("mov.u32 %r3, -8;\nshr.u32 %r9, %r3, 28;\n"), 15u);
}

TEST(PtxInstructions, ProductsAndQuotients) {
  EXPECT_EQ(result("mov.u32 %r3, -8;\nmad.lo.s32 %r9, %r3, 3, 5;\n"), static_cast<u32>(-19));
  EXPECT_EQ(result("mov.u32 %r3, -7;\ndiv.s32 %r9, %r3, 2;\n"), static_cast<u32>(-3));
  EXPECT_EQ(result("mov.u32 %r3, -2;\nmul.wide.s32 %rd3, %r3, 3;\nshr.u64 %rd3, %rd3, 32;\n"
                   "cvt.u32.u64 %r9, %rd3;\n"),
            ~0u);
  EXPECT_EQ(result("mov.u32 %r3, 0x80000000;\nmul.hi.u32 %r9, %r3, 6;\n"), 3u);
}

TEST(PtxInstructions, Bytes) {
  const std::string two = "mov.u32 %r2, 0x83828180;\nmov.u32 %r3, 0x07060504;\n";
  EXPECT_EQ(result(two + "prmt.b32 %r9, %r2, %r3, 0x7340;\n"), 0x07830480u);
  EXPECT_EQ(result(two + "prmt.b32 %r9, %r2, %r3, 0xf8b4;\n"), 0x00ffff04u);
  EXPECT_EQ(result("mov.u16 %rs1, 0x1280;\ncvt.s16.s8 %rs2, %rs1;\ncvt.s32.s16 %r9, %rs2;\n"),
            static_cast<u32>(-128));
  // Of a wider register the lower half.
  EXPECT_EQ(result("mov.u32 %r2, 0x1ffff;\ncvt.s32.s16 %r9, %r2;\n"), ~0u);
  EXPECT_EQ(result("mov.u64 %rd4, 0x1fffffffe;\ncvt.s64.s32 %rd5, %rd4;\nshr.u64 %rd3, %rd5, 32;\n"
                   "cvt.u32.u64 %r9, %rd3;\n"),
            ~0u);
  EXPECT_EQ(result("mov.u64 %rd4, 0x1fffffffe;\ncvt.u64.u32 %rd5, %rd4;\nshr.u64 %rd3, %rd5, 32;\n"
                   "cvt.u32.u64 %r9, %rd3;\n"),
            0u);
  EXPECT_EQ(result("mov.u32 %r9, 010;\n"), 8u);
  EXPECT_EQ(float_result("mov.u16 %rs1, 0xfff8;\ncvt.rn.f32.s16 %f9, %rs1;\n"), -8.0f);
  EXPECT_EQ(float_result("mov.u16 %rs1, 0xfff8;\ncvt.rn.f32.u16 %f9, %rs1;\n"), 65528.0f);
}

TEST(PtxInstructions, ComparisonsWithNaN) {
  const std::string nan = "mov.f32 %f1, 0f7FFFFFFF;\nmov.f32 %f2, 0f3F800000;\n";
  const auto test = [&](const char* name) {
    return result(nan + "setp." + name + ".f32 %p1, %f1, %f2;\nselp.u32 %r9, 1, 0, %p1;\n");
  };
  EXPECT_EQ(test("leu"), 1u);
  EXPECT_EQ(test("le"), 0u);
  EXPECT_EQ(test("ne"), 0u);
  EXPECT_EQ(test("neu"), 1u);
  EXPECT_EQ(test("nan"), 1u);
  EXPECT_EQ(float_result(nan + "max.f32 %f9, %f1, %f2;\n"), 1.0f);
  EXPECT_EQ(float_result(nan + "min.f32 %f9, %f2, %f1;\n"), 1.0f);
}

TEST(PtxInstructions, ConversionsToNarrowFloats) {
  // 1 + 2^-11 is halfway between two f16: to the even one below; so for bf16 at 2^-8.
  EXPECT_EQ(result("mov.f32 %f1, 0f3F801000;\ncvt.rn.f16.f32 %rs1, %f1;\ncvt.u32.u16 %r9, %rs1;\n"),
            0x3c00u);
  EXPECT_EQ(
      result("mov.f32 %f1, 0f3F808000;\ncvt.rn.bf16.f32 %rs1, %f1;\ncvt.u32.u16 %r9, %rs1;\n"),
      0x3f80u);
  // The first operand becomes the upper half.
  EXPECT_EQ(result("mov.f32 %f1, 0f3F800000;\nmov.f32 %f2, 0f40000000;\n"
                   "cvt.rn.bf16x2.f32 %r9, %f1, %f2;\n"),
            0x3f804000u);
  // Ties away from zero, and 10 bits remain.
  EXPECT_EQ(result("mov.f32 %f1, 0f3F801000;\ncvt.rna.tf32.f32 %r9, %f1;\n"), 0x3f802000u);
  EXPECT_EQ(float_result("mov.u16 %rs1, 1;\ncvt.f32.f16 %f9, %rs1;\n"), 0x1p-24f);
}

// 2^-126 is the smallest normal number.
TEST(PtxInstructions, ExponentialsFlushWhereTheirNameSaysSo) {
  const auto power = [](const char* name, const char* bits) {
    return float_result(std::string("mov.f32 %f1, 0f") + bits + ";\nex2.approx." + name +
                        " %f9, %f1;\n");
  };
  EXPECT_EQ(power("ftz.f32", "C2FC0000"), 0x1p-126f);
  EXPECT_EQ(power("ftz.f32", "C2FE0000"), 0.0f);
  EXPECT_EQ(power("f32", "C2FE0000"), 0x1p-127f);
  EXPECT_EQ(power("ftz.f32", "FF800000"), 0.0f);
  EXPECT_EQ(power("ftz.f32", "00000001"), 1.0f);
  EXPECT_EQ(power("ftz.f32", "40400000"), 8.0f);
}

TEST(PtxInstructions, FusedProductsRoundOnce) {
  // (1 + 2^-12)² - (1 + 2^-11) = 2^-24.
  EXPECT_EQ(float_result("mov.f32 %f1, 0f3F800800;\nmov.f32 %f2, 0fBF801000;\n"
                         "fma.rn.f32 %f9, %f1, %f1, %f2;\n"),
            0x1p-24f);
}

TEST(PtxInstructions, Shuffles) {
  const std::string shuffle = "mov.b32 %r2, %r1;\nmov.u32 %r3, 31;\nmov.u32 %r4, -1;\n";
  EXPECT_EQ(
      result(shuffle + "mov.u32 %r5, 5;\nshfl.sync.bfly.b32 %r9|%p1, %r2, %r5, %r3, %r4;\n", 6),
      3u);
  EXPECT_EQ(result(shuffle + "mov.u32 %r5, 17;\nshfl.sync.idx.b32 %r9, %r2, %r5, %r3, %r4;\n", 6),
            17u);
}

TEST(PtxInstructions, LanesGoApartAndMeetAgain) {
  // Lane l counts to l % 4; then all shuffle.
  const std::string body =
      "and.b32 %r2, %r1, 3;\nmov.u32 %r3, 0;\n"
      "again:\nsetp.ge.u32 %p1, %r3, %r2;\n@%p1 bra done;\nadd.s32 %r3, %r3, 1;\nbra again;\n"
      "done:\nmov.u32 %r4, 1;\nmov.u32 %r5, 31;\nmov.u32 %r6, -1;\n"
      "shfl.sync.bfly.b32 %r9|%p2, %r3, %r4, %r5, %r6;\n";
  for (std::size_t lane = 0; lane < kWarp; ++lane) EXPECT_EQ(result(body, lane), (lane ^ 1) % 4);
}

// A bug of the lowest-first order would be that these lanes never meet.
TEST(PtxInstructions, LanesMeetWhereSomeComeFromBehind) {
  const std::string body =
      "setp.lt.u32 %p1, %r1, 16;\nmov.u32 %r4, 1;\nmov.u32 %r5, 31;\nmov.u32 %r6, -1;\n"
      "@%p1 bra far;\nmov.u32 %r3, 7;\n"
      "meet:\nshfl.sync.bfly.b32 %r9|%p2, %r3, %r4, %r5, %r6;\nbra.uni end;\n"
      "far:\nmov.u32 %r3, 8;\nbra.uni meet;\nend:\n";
  EXPECT_EQ(result(body, 3), 8u);
  EXPECT_EQ(result(body, 20), 7u);
}

TEST(PtxInstructions, LoadsAndStoresOfEveryWidth) {
  Harness h(8);
  h.fill(4, 0x80);
  h.run(
      "setp.ne.s32 %p1, 0, 0;\nmov.u32 %r1, %tid.x;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra end;\n"
      "ld.global.v4.u32 {%r1,%r2,%r3,%r4}, [%rd1];\nst.global.v2.u32 [%rd1+16], {%r4,%r3};\n"
      "ld.global.s8 %r5, [%rd1];\nst.global.u32 [%rd1+24], %r5;\n"
      "ld.global.u8 %rs1, [%rd1];\nst.global.u16 [%rd1+28], %rs1;\nst.global.u16 [%rd1+30], 3;\n"
      "end:\n");
  EXPECT_EQ(h.data[4], 0x83u);
  EXPECT_EQ(h.data[5], 0x82u);
  EXPECT_EQ(h.data[6], 0xffffff80u);
  EXPECT_EQ(h.data[7], 0x30080u);
}

// m16n8k16: with A the identity in its first 8 columns the product is B's upper half.
TEST(PtxInstructions, MmaMultipliesByTheIdentity) {
  Harness h(kWarp * 4);
  const std::string body =
      "mov.u32 %r1, %tid.x;\nshr.u32 %r2, %r1, 2;\nand.b32 %r3, %r1, 3;\n"  // group, in group
      // A(row, col): lanes whose columns 2 t, 2 t + 1 meet row g.
      "shl.b32 %r4, %r3, 1;\nsub.s32 %r5, %r2, %r4;\nmov.u32 %r6, 0;\n"
      "setp.eq.s32 %p1, %r5, 0;\nselp.b32 %r6, 0x3c00, %r6, %p1;\n"
      "setp.eq.s32 %p1, %r5, 1;\nselp.b32 %r6, 0x3c000000, %r6, %p1;\nmov.u32 %r7, 0;\n"
      // B(k, n) = 1 for k = n, 2 for k = n + 1 below 8.
      "mov.u32 %r8, 0;\nsetp.eq.s32 %p1, %r5, 0;\nselp.b32 %r8, 0x40003c00, %r8, %p1;\n"
      "setp.eq.s32 %p1, %r5, 1;\nselp.b32 %r8, 0x3c000000, %r8, %p1;\n"
      "setp.eq.s32 %p1, %r5, -1;\nselp.b32 %r8, 0x4000, %r8, %p1;\n"
      "mov.f32 %f1, 0f00000000;\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, {%r6,%r7,%r7,%r7}, "
      "{%r8,%r7}, {%f1,%f1,%f1,%f1};\n"
      "mul.wide.u32 %rd2, %r1, 16;\nadd.s64 %rd2, %rd1, %rd2;\n"
      "st.global.v4.f32 [%rd2], {%f2,%f3,%f4,%f5};\n";
  h.run(body);
  for (int row = 0; row < 16; ++row) {
    for (int col = 0; col < 8; ++col) {
      const int lane = row % 8 * 4 + col / 2;
      const int i = col % 2 + (row < 8 ? 0 : 2);
      const f32 want = row > 7 ? 0.0f : row == col ? 1.0f : row == col + 1 ? 2.0f : 0.0f;
      EXPECT_EQ(std::bit_cast<f32>(h.data[lane * 4 + i]), want) << row << ' ' << col;
    }
  }
}

// Arrays of the module, then those of the entry, then the dynamic one; each as it is aligned.
const std::string kArrays = R"(.version 9.0
.target sm_90a
.address_size 64
.extern .shared .align 16 .b8 dynamic[];
.shared .align 4 .b8 first[4];
.visible .entry test(.param .u64 p)
{
.reg .b32 %r<20>;
.reg .b64 %rd<4>;
.shared .align 8 .b32 second[8][4];
ld.param.u64 %rd1, [p];
mov.u32 %r1, %tid.x;
shl.b32 %r2, %r1, 2;
mov.u32 %r3, second;
add.s32 %r3, %r3, %r2;
st.shared.u32 [%r3], %r1;
mov.u32 %r4, dynamic;
add.s32 %r4, %r4, %r2;
add.s32 %r5, %r1, 100;
st.shared.u32 [%r4], %r5;
ld.shared.u32 %r6, [%r3];
ld.shared.u32 %r7, [%r4];
add.s32 %r6, %r6, %r7;
mul.wide.u32 %rd2, %r1, 4;
add.s64 %rd2, %rd1, %rd2;
st.global.u32 [%rd2], %r6;
mov.u32 %r8, first;
sub.s32 %r9, %r3, %r8;
sub.s32 %r10, %r4, %r8;
st.global.u32 [%rd2+128], %r9;
st.global.u32 [%rd2+256], %r10;
ret;
}
)";

TEST(PtxInstructions, ArraysOfSharedMemory) {
  GlobalMemory memory;
  auto* const data = static_cast<u32*>(memory.allocate(3 * kWarp * sizeof(u32)));
  Module module(kArrays);
  const u64 address = reinterpret_cast<u64>(data);
  const void* const parameters[] = {&address};
  const Kernel& kernel = *module.find("test");
  launch(kernel, {.shared_bytes = 128}, parameters, memory);
  for (u32 lane = 0; lane < kWarp; ++lane) {
    EXPECT_EQ(data[lane], 2 * lane + 100);
    EXPECT_EQ(data[kWarp + lane], 8 + 4 * lane);
    EXPECT_EQ(data[2 * kWarp + lane], 144 + 4 * lane);
  }
  try {
    launch(kernel, {.shared_bytes = 124}, parameters, memory);
    ADD_FAILURE() << "more dynamic memory than was given";
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("lane 31: 4 bytes at offset 268 of 268"),
              std::string::npos)
        << fault.what();
  }
}

TEST(PtxInstructions, AtomicsOfAWarpCountEveryLane) {
  Harness h(kWarp + 1);
  h.fill(1);
  h.run(kOwnWord + "atom.global.add.u32 %r9, [%rd1], 2;\nst.global.u32 [%rd2+4], %r9;");
  EXPECT_EQ(h.data[0], 2u * kWarp);
  EXPECT_EQ(h.data[kWarp], 2u * (kWarp - 1));
}

}  // namespace
}  // namespace moat::ptx
