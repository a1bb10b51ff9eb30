// SPDX-License-Identifier: Apache-2.0
// The compilers' own words, as nvcc 13.0 and llvm-objdump 19 printed them.
#include <gtest/gtest.h>

#include "bench/codegen/amd.hpp"
#include "bench/codegen/device_code.hpp"
#include "bench/codegen/elf.hpp"
#include "bench/codegen/ptx.hpp"
#include "bench/codegen/ptxas.hpp"

namespace moat::codegen {
namespace {

TEST(Ptxas, ResourcesOfEachKernelAndArchitecture) {
  const auto report = read_ptxas(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function '_Z1a' for 'sm_80'\n"
      "ptxas info    : Function properties for _Z1a\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 184 registers, used 1 barriers, 496 bytes cmem[0]\n"
      "ptxas info    : Compile time = 138.602 ms\n"
      "ptxas info    : Compiling entry function '_Z1b' for 'sm_90a'\n"
      "ptxas info    : Function properties for _Z1b\n"
      "    352 bytes stack frame, 776 bytes spill stores, 780 bytes spill loads\n"
      "ptxas info    : Used 168 registers, used 9 barriers, 1024 bytes smem\n");
  ASSERT_EQ(report.entries.size(), 2U);
  EXPECT_TRUE(report.messages.empty());
  EXPECT_EQ(report.entries[0].registers, 184);
  EXPECT_TRUE(report.entries[0].complete);
  const PtxasEntry& b = report.entries[1];
  EXPECT_EQ(b.architecture, "sm_90a");
  EXPECT_EQ(b.stack_bytes, 352);
  EXPECT_EQ(b.spill_store_bytes, 776);
  EXPECT_EQ(b.spill_load_bytes, 780);
  EXPECT_EQ(b.static_shared_bytes, 1024);
}

TEST(Ptxas, AReportCutShortIsNotComplete) {
  const auto report = read_ptxas(
      "ptxas info    : Compiling entry function '_Z1a' for 'sm_80'\n"
      "ptxas info    : Used 40 registers, used 1 barriers\n");
  ASSERT_EQ(report.entries.size(), 1U);
  EXPECT_FALSE(report.entries[0].complete);
}

TEST(Ptxas, WarningsAndAdviceAreMessages) {
  const auto report = read_ptxas(
      "ptxas info    : (C7512) Potential Performance Loss: wgmma.mma_async instructions are "
      "serialized\n"
      "ptxas warning : Value of threads per SM is out of range\n"
      "nvcc: something else\n");
  EXPECT_EQ(report.messages.size(), 2U);
}

TEST(Ptx, CountsInstructionsOfEachEntry) {
  const auto entries = read_ptx(
      ".version 9.0\n.target sm_90a\n"
      ".weak .entry _Z1a(\n\t.param .u64 p\n)\n"
      ".maxntid 384, 1, 1\n.minnctapersm 2\n{\n"
      "\t.reg .pred %p<3>;\n"
      "\tld.param.b64 %rd1, [p];\n"
      "\tld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1];\n"
      "\t@%p1 ld.global.nc.b32 %r5, [%rd1];\n"
      "\t// begin inline asm\n"
      "\t{ .reg .pred q; setp.ne.b32 q, %r1, 0; wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 "
      "{%f1}, %rd3, %rd4, q, 1, 1, 0, 0; }\n"
      "\tcp.async.cg.shared.global [%r1], [%rd2], 16, %r9;\n"
      "\tcp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd2, "
      "{%r3, %r4}], [%r5];\n"
      "\tcp.async.wait_group 0;\n"
      "\tldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%r5];\n"
      "\tld.shared.b32 %r1, [%r2];\n"
      "\tst.global.v2.b64 [%rd1], {%rd2, %rd3};\n"
      "\t// mma.sync.aligned in a comment\n"
      "\tret;\n}\n"
      ".weak .entry _Z1b()\n{\n"
      "\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, "
      "%r4}, {%r5, %r6}, {%f1, %f2, %f3, %f4};\n}\n");
  ASSERT_EQ(entries.size(), 2U);
  const PtxEntry& a = entries.at("_Z1a");
  EXPECT_EQ(a.threads, 384);
  EXPECT_EQ(a.min_blocks, 2);
  ASSERT_EQ(a.instructions.matrix.size(), 1U);
  EXPECT_EQ(a.instructions.matrix.begin()->second, 1);
  EXPECT_EQ(a.instructions.global_loads, 4);
  EXPECT_EQ(a.instructions.global_loads_wide, 3);
  EXPECT_EQ(a.instructions.async_copies, 1);
  EXPECT_EQ(a.instructions.box_copies, 1);
  EXPECT_EQ(a.instructions.shared_loads, 2);
  EXPECT_EQ(a.instructions.shared_loads_wide, 1);
  EXPECT_EQ(a.instructions.global_stores_wide, 1);
  const auto& b = entries.at("_Z1b").instructions.matrix;
  EXPECT_EQ(b.at("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"), 1);
}

// A load of 16 bytes through registers is none of the copies past them, nor is a narrow copy.
TEST(Ptx, TellsCopiesFromLoadsThroughRegisters) {
  const auto counts_of = [](const std::string& statement) {
    return read_ptx(".entry _Z1a()\n{\n\t" + statement + "\n}\n").at("_Z1a").instructions;
  };
  const Instructions load = counts_of("ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1];");
  EXPECT_EQ(load.global_loads_wide, 1);
  EXPECT_EQ(load.async_copies + load.box_copies, 0);
  const Instructions narrow = counts_of("cp.async.ca.shared.global [%r1], [%rd2], 4;");
  EXPECT_EQ(narrow.global_loads, 1);
  EXPECT_EQ(narrow.global_loads_wide + narrow.async_copies, 0);
  const Instructions wide = counts_of("cp.async.cg.shared.global.L2::128B [%r1], [%rd2], 16, %r9;");
  EXPECT_EQ(wide.async_copies, 1);
  const Instructions bulk = counts_of(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd2], 512, "
      "[%r3];");
  EXPECT_EQ(bulk.box_copies, 1);
  const Instructions store =
      counts_of("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1, {%r1, %r2}], [%r3];");
  EXPECT_EQ(store.global_stores_wide, 1);
  EXPECT_EQ(store.box_copies, 0);
}

TEST(Disassembly, CountsInstructionsOfEachKernel) {
  const auto counts = read_disassembly(
      "\na.co:\tfile format elf64-amdgpu\n\nDisassembly of section .text:\n\n"
      "0000000000009f00 <_Z1a>:\n"
      "\tglobal_load_dwordx4 v[4:7], v[0:1], off                    // 000000009F00:\n"
      "\tbuffer_load_dword v1, v2, s[4:7], 0 offen\n"
      "\tbuffer_load_dwordx4 v[4:7], v2, s[4:7], 0 offen\n"
      "\tds_read_b128 v[0:3], v9\n"
      "\tds_read_b32 v0, v9\n"
      "0000000000009f40 <L0>:\n"
      "\tv_mfma_f32_16x16x16_f16 a[0:3], v[2:3], v[4:5], a[0:3]\n"
      "000000000000a000 <_Z1b>:\n"
      "\tbuffer_load_b128 v[0:3], v0, s[0:3], 0 offen\n"
      "\tv_wmma_f32_16x16x16_bf16 v[0:7], v[8:15], v[16:23], v[0:7]\n");
  const Instructions& a = counts.at("_Z1a");
  EXPECT_EQ(a.global_loads, 3);
  EXPECT_EQ(a.global_loads_wide, 2);
  EXPECT_EQ(a.ranged_loads, 1);
  EXPECT_EQ(a.shared_loads, 2);
  EXPECT_EQ(a.shared_loads_wide, 1);
  EXPECT_EQ(a.matrix.at("v_mfma_f32_16x16x16_f16"), 1);
  EXPECT_EQ(counts.at("_Z1b").matrix.size(), 1U);
  EXPECT_EQ(counts.at("_Z1b").ranged_loads, 1);
}

// A wait for other things does not end what is under way; one for loads does, in the code's order.
TEST(Disassembly, TellsLoadsThatRunUnderProducts) {
  const auto counts_of = [](const std::string& between) {
    const std::string load = "\tbuffer_load_dwordx4 v[4:7], v2, s[4:7], 0 offen\n";
    return read_disassembly("0000000000009f00 <_Z1a>:\n" + load + load + between +
                            "\tv_mfma_f32_16x16x16_f16 a[0:3], v[2:3], v[4:5], a[0:3]\n" + load +
                            "0000000000009f90 <_Z1b>:\n"
                            "\tv_mfma_f32_16x16x16_f16 a[0:3], v[2:3], v[4:5], a[0:3]\n")
        .at("_Z1a");
  };
  for (const char* passes : {"", "\ts_waitcnt lgkmcnt(0)\n", "\ts_barrier\n"}) {
    EXPECT_EQ(counts_of(passes).loads_ahead, 2) << passes;
    EXPECT_EQ(counts_of(passes).ranged_loads, 3);
  }
  for (const char* waits :
       {"\ts_waitcnt vmcnt(1)\n", "\ts_waitcnt vmcnt(0) lgkmcnt(0)\n", "\ts_wait_loadcnt 0x0\n"}) {
    EXPECT_EQ(counts_of(waits).loads_ahead, 0) << waits;
  }
}

TEST(Elf, RefusesWhatIsNone) {
  EXPECT_THROW(read_elf("no ELF"), std::runtime_error);
  EXPECT_THROW(device_code(std::string(64, 'x')), std::runtime_error);
}

}  // namespace
}  // namespace moat::codegen
