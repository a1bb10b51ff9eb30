// SPDX-License-Identifier: Apache-2.0
// cp.async, mbarriers, TMA, wgmma and setmaxnreg: right as they should be, and a fault with any
// wait or fence left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "problems/codes.hpp"
#include "tests/executors/ptx/harness.hpp"
#include "tests/executors/ptx/mutants.hpp"
#include "tests/executors/ptx/tensor_map.hpp"

namespace moat::ptx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

auto faults(const std::string& what, const std::string& also = "") {
  return ThrowsMessage<Fault>(AllOf(HasSubstr(what), HasSubstr(also)));
}

// One lane copies 16 bytes, of which `valid` exist, and reads them.
u32 copied(const std::string& commit, const std::string& wait, const std::string& valid = "16") {
  Harness h(kWarp * 4);
  h.fill(4, 7);
  h.run(
      "mov.u32 %r1, %tid.x;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra end;\nmov.u32 %r2, arena;\n"
      "mov.u32 %r3, " +
          valid + ";\ncp.async.cg.shared.global.L2::128B [%r2], [%rd1], 16, %r3;\n" + commit +
          wait + "ld.shared.u32 %r4, [%r2+4];\nst.global.u32 [%rd1+16], %r4;\nend:\n",
      {.shared_bytes = 1024});
  return h.data[4];
}

TEST(PtxCpAsync, ArrivesInItsWait) {
  const std::string commit = "cp.async.commit_group;\n";
  EXPECT_EQ(copied(commit, "cp.async.wait_group 0;\n"), 8u);
  EXPECT_EQ(copied(commit, "cp.async.wait_group 0;\n", "4"), 0u);
  EXPECT_THAT([&] { copied(commit, ""); }, faults("touches what is under way"));
  EXPECT_THAT([&] { copied(commit, "cp.async.wait_group 1;\n"); },
              faults("touches what is under way"));
  EXPECT_THAT([&] { copied("", "cp.async.wait_group 0;\n"); }, faults("touches what is under way"));
  EXPECT_THAT([&] { copied(commit, "cp.async.wait_group 0;\n", "17"); },
              faults("17 valid bytes of 16"));
}

// Copies a box of 8 rows of 128 bytes by TMA and writes `rows` words of it back.
struct Tma {
  std::string init = "mbarrier.init.shared::cta.b64 [%r10], %r11;\n";
  std::string fence = "fence.mbarrier_init.release.cluster;\n";
  std::string barrier = "bar.sync 0;\n";
  std::string expect = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r10], 1024;\n";
  std::string load =
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%r12], [%rd3, {%r13, %r13}], [%r10];\n";
  std::string wait =
      "again:\nmbarrier.try_wait.parity.shared::cta.b64 %p3, [%r10], %r13;\n@!%p3 bra again;\n";
  std::size_t alignment = 64;
  int element_bytes = 2;

  std::vector<u32> run() const {
    GlobalMemory memory;
    auto* const data = static_cast<u32*>(memory.allocate(2048));
    for (u32 i = 0; i < 256; ++i) data[i] = i;
    memory.find(reinterpret_cast<u64>(data), 1)->mark(0, 1024);
    const auto bytes = static_cast<u32>(element_bytes);
    emulator::TensorMap map{.address = data,
                            .element_bytes = element_bytes,
                            .rank = 2,
                            .sizes = {128 / bytes, 8},
                            .strides = {bytes, 128},
                            .box = {128 / bytes, 8},
                            .swizzle = emulator::Swizzle::b128};
    unsigned char encoded[kTensorMapBytes];
    encode(map, encoded);
    Module module(module_of(
        "ld.param.u64 %rd1, [p];\nmov.b64 %rd2, m;\ncvta.param.u64 %rd3, %rd2;\n"
        "mov.u32 %r1, %tid.x;\nmov.u32 %r12, arena;\nadd.s32 %r10, %r12, 1024;\n"
        "mov.u32 %r11, 1;\nmov.u32 %r13, 0;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra ready;\n" +
            init + fence + "ready:\n" + barrier + "@%p1 bra loaded;\n" + expect + load +
            "loaded:\n" + wait +
            "shl.b32 %r2, %r1, 4;\nadd.s32 %r2, %r2, %r12;\n"
            "ld.shared.v4.u32 {%r3,%r4,%r5,%r6}, [%r2];\n"
            "mul.wide.u32 %rd4, %r1, 16;\nadd.s64 %rd4, %rd4, %rd1;\n"
            "st.global.v4.u32 [%rd4+1024], {%r3,%r4,%r5,%r6};\n",
        ".param .align " + std::to_string(alignment) + " .b8 m[128], .param .u64 p"));
    const void* const parameters[] = {encoded, &data};
    launch(*module.find("test"), {.threads = 64, .shared_bytes = 2048}, parameters, memory);
    return {data + 256, data + 512};
  }
};

TEST(PtxTma, CopiesASwizzledBox) {
  for (const int bytes : {1, 2, 4}) {
    const auto words = Tma{.element_bytes = bytes}.run();
    for (u32 row = 0; row < 8; ++row) {
      for (u32 unit = 0; unit < 8; ++unit) {
        // PTX ISA, "Swizzling Modes", 128 bytes: unit c of row r lies at c ^ r.
        EXPECT_EQ(words[row * 32 + (unit ^ row) * 4], row * 32 + unit * 4) << bytes;
      }
    }
  }
}

TEST(PtxTma, EveryWaitAndFenceIsNeeded) {
  EXPECT_THAT([] { Tma{.init = ""}.run(); }, faults("no mbarrier was initialised"));
  EXPECT_THAT([] { Tma{.fence = ""}.run(); }, faults("without a fence that shows it"));
  EXPECT_NO_THROW(Tma{.fence = "fence.proxy.async.shared::cta;\n"}.run());
  EXPECT_THAT([] { Tma{.barrier = ""}.run(); }, ::testing::Throws<Fault>());
  EXPECT_THAT([] { Tma{.expect = ""}.run(); }, faults("is deadlocked", "lacks 1 of 1 arrivals"));
  EXPECT_THAT(
      [] { Tma{.expect = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r10], 1040;\n"}.run(); },
      faults("is deadlocked", "16 bytes"));
  EXPECT_THAT(
      [] { Tma{.expect = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r10], 1008;\n"}.run(); },
      faults("gets 16 bytes more than it expects"));
  EXPECT_THAT([] { Tma{.wait = ""}.run(); }, faults("shared memory"));
  // A try that is not repeated.
  EXPECT_THAT(
      [] { Tma{.wait = "mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r10], %r13;\n"}.run(); },
      faults("shared memory"));
  EXPECT_THAT([] { Tma{.load = ""}.run(); }, faults("is deadlocked", "0 under way"));
}

TEST(PtxTma, TheMapLiesAligned) {
  EXPECT_THAT([] { Tma{.alignment = 32}.run(); }, faults("not aligned to 64 bytes"));
}

// D = A · B with ones in A; element (k, n) of B is 1 for n = k, as K-major 128-byte rows without
// swizzle. Every thread writes its part of the operands to shared memory.
struct Product {
  std::string proxy = "fence.proxy.async.shared::cta;\n";
  std::string barrier = "bar.sync 0;\n";
  std::string fence = "wgmma.fence.sync.aligned;\n";
  std::string commit = "wgmma.commit_group.sync.aligned;\n";
  std::string wait = "wgmma.wait_group.sync.aligned 0;\n";
  std::string after = "";
  std::string descriptor = "0x0000001000080000";

  std::vector<f32> run() const {
    Harness h(256);
    // No swizzle: eight rows of 16 bytes are 128 bytes; the second half of k lies 128 bytes on,
    // the next eight rows 256 bytes.
    h.run(
        "mov.u32 %r1, %tid.x;\nmov.u32 %r2, arena;\nshl.b32 %r3, %r1, 4;\nadd.s32 %r4, %r2, %r3;\n"
        "mov.u32 %r5, 0x3c003c00;\nst.shared.v4.u32 [%r4], {%r5,%r5,%r5,%r5};\n"
        // B: 8 columns of 16 elements behind A's 2 KiB; lanes 0 … 15 write units.
        "setp.gt.u32 %p1, %r1, 15;\n@%p1 bra written;\n"
        "and.b32 %r6, %r1, 7;\nshr.u32 %r7, %r1, 3;\nmov.u32 %r8, 0;\n"
        "st.shared.v4.u32 [%r4+2048], {%r8,%r8,%r8,%r8};\n"
        "setp.ne.u32 %p2, %r7, 0;\n@%p2 bra written;\n"
        "shl.b32 %r9, %r6, 1;\nadd.s32 %r9, %r9, %r4;\nst.shared.u16 [%r9+2048], 0x3c00;\n"
        "written:\n" +
            proxy + barrier +
            "shr.u32 %r10, %r2, 4;\ncvt.u64.u32 %rd5, %r10;\nor.b64 %rd6, %rd5, " + descriptor +
            ";\nadd.s64 %rd7, %rd6, 128;\n"
            "mov.f32 %f1, 0f00000000;\nmov.f32 %f2, %f1;\nmov.f32 %f3, %f1;\nmov.f32 %f4, %f1;\n" +
            fence +
            "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1,%f2,%f3,%f4}, %rd6, %rd7, 1, "
            "1, 1, 0, 0;\n" +
            commit + after + wait +
            "and.b32 %r11, %r1, 3;\nsetp.gt.u32 %p3, %r1, 3;\n@%p3 bra end;\n"
            "mul.wide.u32 %rd8, %r11, 8;\nadd.s64 %rd8, %rd8, %rd1;\n"
            "st.global.v2.f32 [%rd8], {%f1,%f2};\nend:\n",
        {.threads = 128, .shared_bytes = 4096});
    std::vector<f32> row;
    for (int i = 0; i < 8; ++i) row.push_back(std::bit_cast<f32>(h.data[i]));
    return row;
  }
};

TEST(PtxWgmma, Multiplies) { EXPECT_EQ(Product{}.run(), std::vector<f32>(8, 1.0f)); }

TEST(PtxWgmma, EveryWaitAndFenceIsNeeded) {
  EXPECT_THAT([] { Product{.proxy = ""}.run(); }, faults("with no fence.proxy.async between"));
  EXPECT_THAT([] { Product{.barrier = ""}.run(); }, ::testing::Throws<Fault>());
  EXPECT_THAT([] { Product{.fence = ""}.run(); }, faults("no wgmma.fence since"));
  EXPECT_THAT(
      [] { Product{.fence = "wgmma.fence.sync.aligned;\nmov.f32 %f1, 0f00000000;\n"}.run(); },
      faults("%f1, which was written after the last wgmma.fence"));
  EXPECT_THAT([] { Product{.commit = ""}.run(); }, faults("reads %f1, in which a wgmma"));
  EXPECT_THAT([] { Product{.wait = ""}.run(); }, faults("reads %f1, in which a wgmma"));
  EXPECT_THAT([] { Product{.wait = "wgmma.wait_group.sync.aligned 1;\n"}.run(); },
              faults("reads %f1, in which a wgmma"));
  EXPECT_THAT([] { Product{.after = "mov.f32 %f2, 0f00000000;\n"}.run(); },
              faults("writes %f2, which a wgmma that is under way accumulates in"));
}

TEST(PtxWgmma, DescriptorsMatter) {
  // Other strides reach what is not the operand.
  EXPECT_THAT([] { Product{.descriptor = "0x0000001000100000"}.run(); },
              faults("reads shared memory that nothing wrote"));
  EXPECT_THAT([] { Product{.descriptor = "0x0002001000080000"}.run(); },
              faults("not where its swizzle does"));
}

// A row of D = A · B + C for 64 × 32 codes A, 32 × 8 codes B and 5 in C; elements of A and B are
// −3 … 3, whose sums of products are exact. A comes from shared memory or from registers.
template <class A, class B>
struct ProductOfCodes {
  std::string types;
  bool in_registers = false;
  std::string start =
      "mov.f32 %f1, 0f40A00000;\nmov.f32 %f2, %f1;\nmov.f32 %f3, %f1;\n"
      "mov.f32 %f4, %f1;\n";
  std::string scale = "setp.ne.b32 %p2, %r1, 1000;\n";
  std::string fence = "wgmma.fence.sync.aligned;\n";
  std::string after = "";
  std::string wait = "wgmma.wait_group.sync.aligned 0;\n";
  std::string descriptor = "0x0000001000080000";

  static constexpr int kM = 64;
  static constexpr int kN = 8;
  static constexpr int kK = 32;
  A a[kM][kK] = {};
  B b[kK][kN] = {};

  // Fills both.
  void draw() {
    std::mt19937 generator(7);
    const auto integer = [&] { return static_cast<float>(generator() % 7) - 3; };
    for (auto& row : a)
      for (A& x : row) x = moat::encode<A>(integer());
    for (auto& row : b)
      for (B& x : row) x = moat::encode<B>(integer());
  }

  // D, row by row.
  std::vector<f32> run() const {
    constexpr std::size_t kABytes = kM * kK;
    constexpr std::size_t kBBytes = kK * kN;
    Harness h(2 * kABytes / 4 + kABytes);
    h.fill((kABytes + kBBytes) / 4);
    auto* const bytes = reinterpret_cast<unsigned char*>(h.data);
    for (int row = 0; row < kM; ++row) {
      for (int k = 0; k < kK; ++k) {
        // No swizzle: eight rows of 16 bytes, the second half of k 128 bytes on, the next eight
        // rows 256 bytes.
        int at = row / 8 * 256 + k / 16 * 128 + row % 8 * 16 + k % 16;
        if (in_registers) {
          // PTX ISA, "Register Fragments for wgmma.mma_async.m64nNk32": four neighbours in a
          // register, then eight rows below, then 16 columns on.
          const int thread = row / 16 * 32 + row % 8 * 4 + k % 16 / 4;
          at = thread * 16 + (k / 16 * 2 + row % 16 / 8) * 4 + k % 4;
        }
        bytes[at] = a[row][k].bits;
      }
    }
    for (int col = 0; col < kN; ++col) {
      for (int k = 0; k < kK; ++k) {
        bytes[kABytes + static_cast<std::size_t>(k / 16 * 128 + col * 16 + k % 16)] =
            b[k][col].bits;
      }
    }
    h.run(
        "mov.u32 %r1, %tid.x;\nmul.wide.u32 %rd2, %r1, 16;\nadd.s64 %rd3, %rd1, %rd2;\n"
        "ld.global.v4.u32 {%r4,%r5,%r6,%r7}, [%rd3];\n"
        "mov.u32 %r2, arena;\nshl.b32 %r3, %r1, 4;\nadd.s32 %r3, %r3, %r2;\n"
        "st.shared.v4.u32 [%r3], {%r4,%r5,%r6,%r7};\n"
        "setp.gt.u32 %p1, %r1, 15;\n@%p1 bra written;\n"
        "ld.global.v4.u32 {%r10,%r11,%r12,%r13}, [%rd3+2048];\n"
        "st.shared.v4.u32 [%r3+2048], {%r10,%r11,%r12,%r13};\n"
        "written:\nfence.proxy.async.shared::cta;\nbar.sync 0;\n"
        "shr.u32 %r14, %r2, 4;\ncvt.u64.u32 %rd5, %r14;\nor.b64 %rd6, %rd5, " +
            descriptor + ";\nadd.s64 %rd7, %rd6, 128;\n" + start + scale + fence +
            "wgmma.mma_async.sync.aligned.m64n8k32.f32." + types + " {%f1,%f2,%f3,%f4}, " +
            (in_registers ? "{%r4,%r5,%r6,%r7}" : "%rd6") + ", %rd7, %p2, 1, 1;\n" +
            "wgmma.commit_group.sync.aligned;\n" + after + wait +
            "st.global.v4.f32 [%rd3+4096], {%f1,%f2,%f3,%f4};\n",
        {.threads = 128, .shared_bytes = 4096});
    std::vector<f32> d(kM * kN);
    for (int thread = 0; thread < 128; ++thread) {
      for (int e = 0; e < 4; ++e) {
        const int row = thread / 32 * 16 + thread % 32 / 4 + e / 2 * 8;
        const int col = thread % 4 * 2 + e % 2;
        d[static_cast<std::size_t>(row * kN + col)] =
            std::bit_cast<f32>(h.data[1024 + thread * 4 + e]);
      }
    }
    return d;
  }

  std::vector<f32> expected(f32 c) const {
    std::vector<f32> d(kM * kN, c);
    for (int row = 0; row < kM; ++row) {
      for (int col = 0; col < kN; ++col) {
        for (int k = 0; k < kK; ++k) {
          d[static_cast<std::size_t>(row * kN + col)] +=
              moat::decode(a[row][k]) * moat::decode(b[k][col]);
        }
      }
    }
    return d;
  }
};

template <class A, class B>
void expect_products(const std::string& types) {
  for (const bool in_registers : {false, true}) {
    ProductOfCodes<A, B> product{.types = types, .in_registers = in_registers};
    product.draw();
    EXPECT_EQ(product.run(), product.expected(5)) << types;
    // Without C, whose registers need not have been written.
    product.scale = "setp.eq.b32 %p2, %r1, 1000;\n";
    EXPECT_EQ(product.run(), product.expected(0)) << types;
    product.start = "";
    EXPECT_EQ(product.run(), product.expected(0)) << types;
  }
}

TEST(PtxWgmma, MultipliesCodes) {
  expect_products<e4m3, e4m3>("e4m3.e4m3");
  expect_products<e5m2, e5m2>("e5m2.e5m2");
  expect_products<e4m3, e5m2>("e4m3.e5m2");
  expect_products<e5m2, e4m3>("e5m2.e4m3");
}

using E4m3Product = ProductOfCodes<e4m3, e4m3>;

TEST(PtxWgmma, SumsOfCodesHave13FractionBits) {
  // C is −(1 + 1 − 2^-16), and A and B are 0.
  E4m3Product product{.types = "e4m3.e4m3"};
  product.start.replace(product.start.find("0f40A00000"), 10, "0fBFFFFF80");
  EXPECT_EQ(product.run(), std::vector<f32>(512, -0x1.fff8p0f));
}

TEST(PtxWgmma, EveryWaitAndFenceOfCodesIsNeeded) {
  const auto run = [](auto change) {
    return [=] {
      E4m3Product product{.types = "e4m3.e4m3", .in_registers = true};
      change(product);
      product.run();
    };
  };
  EXPECT_NO_THROW(run([](auto&) {})());
  EXPECT_THAT(run([](auto& p) { p.fence = ""; }), faults("no wgmma.fence since"));
  EXPECT_THAT(run([](auto& p) { p.fence += "mov.f32 %f1, 0f00000000;\n"; }),
              faults("%f1, which was written after the last wgmma.fence"));
  EXPECT_THAT(run([](auto& p) { p.fence += "mov.u32 %r5, 0;\n"; }),
              faults("%r5, which was written after the last wgmma.fence"));
  EXPECT_THAT(run([](auto& p) { p.wait = ""; }), faults("reads %f1, in which a wgmma"));
  EXPECT_THAT(run([](auto& p) { p.after = "mov.f32 %f2, 0f00000000;\n"; }),
              faults("writes %f2, which a wgmma that is under way accumulates in"));
  EXPECT_THAT(run([](auto& p) { p.after = "mov.u32 %r6, 0;\n"; }), faults("writes %r6, which"));
  EXPECT_THAT(run([](auto& p) { p.start = ""; }), faults("reads %f1, which nothing wrote"));
  EXPECT_THAT(run([](auto& p) { p.scale = ""; }), faults("reads %p2, which nothing wrote"));
  EXPECT_THAT(run([](auto& p) { p.scale = "setp.ne.b32 %p2, %r1, 7;\n"; }),
              faults("lanes differ in whether they accumulate"));
  EXPECT_THAT(run([](auto& p) { p.scale = "setp.gt.u32 %p2, %r1, 31;\n"; }),
              faults("differs from the warpgroup's first one"));
  EXPECT_THAT(run([](auto& p) { p.descriptor = "0x0000001000100000"; }),
              faults("reads shared memory that nothing wrote"));
}

// What the mutants of kernels change in one: its text is PTX again.
TEST(PtxWgmma, MutantsOfCodes) {
  const std::string body =
      "{\n.reg .pred p;\nsetp.ne.b32 p, %r1, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3 {%f1,%f2,%f3,%f4}, %rd1, %rd2, p, 1, 1;"
      "\n}\n";
  Module module(module_of(body, ".param .u64 q"));
  const Kernel& kernel = *module.find("test");
  const auto all =
      mutants(kernel, module.text_of("test"), std::vector<u32>(kernel.code.size(), 1), 100);
  int of_descriptors = 0;
  int of_scale = 0;
  for (const Mutant& mutant : all) {
    of_descriptors += mutant.what.starts_with("descriptor") ? 1 : 0;
    of_scale += mutant.what == "sums dropped, or kept" ? 1 : 0;
    Module changed(".version 9.0\n.target sm_90a\n.address_size 64\n.visible .entry " +
                   mutant.text + "\n");
    EXPECT_NO_THROW(changed.find("test")) << mutant.text;
  }
  EXPECT_EQ(of_descriptors, 12);
  EXPECT_EQ(of_scale, 1);
}

void exchange_registers(const std::string& more, const std::string& less) {
  Harness h(1);
  h.run(
      "mov.u32 %r1, %tid.x;\nsetp.gt.u32 %p1, %r1, 127;\n@%p1 bra second;\n"
      "setmaxnreg.dec.sync.aligned.u32 " +
          less + ";\nbra end;\nsecond:\nsetmaxnreg.inc.sync.aligned.u32 " + more + ";\nend:\n",
      {.threads = 384});
}

TEST(PtxSetmaxnreg, RegistersComeFromOthers) {
  EXPECT_NO_THROW(exchange_registers("232", "40"));
  EXPECT_THAT([] { exchange_registers("240", "40"); }, faults("wait for more registers"));
  EXPECT_THAT([] { exchange_registers("232", "56"); }, faults("wait for more registers"));
  EXPECT_THAT([] { exchange_registers("160", "40"); }, faults("160 registers, and has 168"));
  EXPECT_THAT([] { exchange_registers("230", "40"); }, faults("a multiple of 8"));
}

}  // namespace
}  // namespace moat::ptx
