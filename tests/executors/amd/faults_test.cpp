// SPDX-License-Identifier: Apache-2.0
// What the executor reports, each beside the correct kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/executors/amd/assembled.hpp"
#include "tests/executors/amd/fault.hpp"

namespace moat::amdgcn {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kBegin = R"(
  s_load_dwordx2 s[4:5], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
)";

std::string gfx90a(const std::string& body, std::uint32_t threads = 64) {
  return Assembled("gfx90a", kBegin + body).fault(threads);
}

TEST(AmdExecutorFault, LoadedRegisterReadBeforeItsWait) {
  const std::string load = "global_load_dword v2, v1, s[4:5]\n";
  const std::string use = "v_add_u32 v2, v2, v0\nglobal_store_dword v1, v2, s[4:5]\n";
  EXPECT_THAT(gfx90a(load + "s_waitcnt vmcnt(0)\n" + use), IsEmpty());
  EXPECT_THAT(
      gfx90a(load + use),
      AllOf(StartsWith("+0x"), HasSubstr("v_add_u32_e32 v2, v2, v0 (/"), HasSubstr("/kernel.s:"),
            HasSubstr("block 0, wave 0: reads v2 before a wait for +0x10 global_load_dword"),
            EndsWith("; kernel kernel (gfx90a)")));
  EXPECT_THAT(gfx90a(load + "v_mov_b32 v2, 0\n"), HasSubstr("writes v2 before a wait"));
}

TEST(AmdExecutorFault, WaitThatLeavesTheLoadUnderWay) {
  const std::string loads =
      "global_load_dword v2, v1, s[4:5]\nglobal_load_dword v3, v1, s[4:5] offset:256\n";
  const std::string use = "global_store_dword v1, v2, s[4:5]\n";
  EXPECT_THAT(gfx90a(loads + "s_waitcnt vmcnt(1)\n" + use), IsEmpty());
  EXPECT_THAT(gfx90a(loads + "s_waitcnt vmcnt(2)\n" + use), HasSubstr("reads v2 before a wait"));
}

TEST(AmdExecutorFault, ScalarLoadsReturnInNoOrder) {
  const std::string loads = "s_load_dword s8, s[4:5], 0x0\ns_load_dword s9, s[4:5], 0x4\n";
  const std::string use = "s_add_u32 s10, s8, 1\n";
  EXPECT_THAT(gfx90a(loads + "s_waitcnt lgkmcnt(0)\n" + use), IsEmpty());
  EXPECT_THAT(gfx90a(loads + "s_waitcnt lgkmcnt(1)\n" + use), HasSubstr("reads s8 before a wait"));
}

TEST(AmdExecutorFault, StoresOfGfx11HaveACounterOfTheirOwn) {
  const std::string begin = R"(
  s_load_b64 s[4:5], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_mov_b32 v3, 0
  s_waitcnt lgkmcnt(0)
  global_store_b32 v1, v0, s[4:5]
)";
  const std::string add = "\nglobal_atomic_add_u32 v3, v0, s[4:5] offset:1024\n";
  const auto fault = [&](const std::string& wait) {
    return Assembled("gfx1100", begin + wait + add).fault(32);
  };
  EXPECT_THAT(fault("s_waitcnt_vscnt null, 0x0"), IsEmpty());
  EXPECT_THAT(fault("s_waitcnt vmcnt(0)"), HasSubstr("stores of this wave under way"));
}

TEST(AmdExecutorFault, AnAtomicAtAddressesOfTheLanes) {
  const std::string address = "v_mov_b32 v4, s4\nv_mov_b32 v5, s5\nv_mov_b32 v3, 1\n";
  const std::string add = "global_atomic_add v6, v[4:5], v3, off glc\n";
  EXPECT_THAT(gfx90a(address + add + "s_waitcnt vmcnt(0)\nv_add_u32 v6, v6, v6\n"), IsEmpty());
  EXPECT_THAT(gfx90a(address + add + "v_add_u32 v6, v6, v6\n"), HasSubstr("v6"));
  EXPECT_THAT(gfx90a(address + "global_store_dword v1, v0, s[4:5]\n" + add),
              HasSubstr("stores of this wave under way"));
  EXPECT_THAT(gfx90a(address + "v_mov_b32 v5, 0\n" + add), HasSubstr("out of bounds"));
}

TEST(AmdExecutorFault, OutOfBounds) {
  EXPECT_THAT(gfx90a("global_store_dword v1, v0, s[4:5]\n"), IsEmpty());
  EXPECT_THAT(gfx90a("s_add_u32 s4, s4, 16384\ns_addc_u32 s5, s5, 0\n"
                     "global_store_dword v1, v0, s[4:5]\n"),
              AllOf(HasSubstr("out of bounds: 4 bytes at 0x"), HasSubstr("in lane 0")));
  EXPECT_THAT(gfx90a("global_store_dword v1, v0, s[4:5] offset:-4\n"), HasSubstr("in lane 0"));
}

TEST(AmdExecutorFault, UndefinedValues) {
  // They may be copied and computed with.
  EXPECT_THAT(gfx90a("v_add_u32 v9, v8, v8\n"), IsEmpty());
  EXPECT_THAT(gfx90a("v_add_u32 v9, v8, v8\nglobal_store_dword v1, v9, s[4:5]\n"),
              HasSubstr("what is stored is undefined in lane 0"));
  EXPECT_THAT(gfx90a("global_store_dword v9, v1, s[4:5]\n"), HasSubstr("an address is undefined"));
  EXPECT_THAT(gfx90a("s_cmp_eq_u32 s20, 0\ns_cbranch_scc1 .Lskip\n.Lskip:\n"),
              HasSubstr("SCC is undefined"));
  EXPECT_THAT(gfx90a("v_cmp_eq_u32 vcc, v8, v0\ns_and_saveexec_b64 s[8:9], vcc\n"),
              HasSubstr("EXEC becomes undefined"));
  // A lane's value is chosen by a mask: the other one does not matter.
  EXPECT_THAT(gfx90a("s_mov_b64 vcc, -1\nv_cndmask_b32 v9, v8, v1, vcc\n"
                     "global_store_dword v1, v9, s[4:5]\n"),
              IsEmpty());
}

// Of 64 bits that only the lower half was written of.
TEST(AmdExecutorFault, UpperHalvesStayUndefined) {
  const std::string product = "v_mov_b32 v20, v0\nv_mad_u64_u32 v[2:3], s[8:9], v0, v0, v[20:21]\n";
  EXPECT_THAT(gfx90a(product + "global_store_dword v1, v2, s[4:5]\n"), IsEmpty());
  EXPECT_THAT(gfx90a(product + "global_store_dword v1, v3, s[4:5]\n"),
              HasSubstr("what is stored is undefined in lane 0"));
}

TEST(AmdExecutorFault, LanesThatWereInactiveStayUndefined) {
  const std::string half = "s_mov_b64 exec, 0xffff\nv_mov_b32 v2, 7\n";
  const std::string store = "global_store_dword v1, v2, s[4:5]\n";
  EXPECT_THAT(gfx90a(half + store), IsEmpty());
  EXPECT_THAT(gfx90a(half + "s_mov_b64 exec, -1\n" + store),
              HasSubstr("what is stored is undefined in lane 16"));
}

TEST(AmdExecutorFault, LdsThatNothingWrote) {
  const std::string read = "ds_read_b32 v2, v1\ns_waitcnt lgkmcnt(0)\n";
  const std::string store = "global_store_dword v1, v2, s[4:5]\n";
  EXPECT_THAT(gfx90a("ds_write_b32 v1, v0\n" + read + store), IsEmpty());
  EXPECT_THAT(
      gfx90a(read + store),
      AllOf(HasSubstr("what is stored is undefined in lane 0, from LDS byte 0, which nothing "
                      "wrote, read in lane 0 by +0x"),
            HasSubstr("ds_read_b32 v2, v1 (/")));
}

// The read is told of what was computed from it, too; one word of two here.
TEST(AmdExecutorFault, OriginOfAnUndefinedValue) {
  const std::string half = "s_mov_b64 exec, 0xf\nds_write_b32 v1, v0\ns_mov_b64 exec, -1\n";
  const std::string read = "ds_read2_b32 v[2:3], v1 offset1:0\ns_waitcnt lgkmcnt(0)\n";
  const std::string store =
      "v_add_u32 v9, v3, v0\nv_mov_b32 v8, v9\n"
      "global_store_dword v1, v8, s[4:5]\n";
  EXPECT_THAT(gfx90a("ds_write_b32 v1, v0\n" + read + store), IsEmpty());
  EXPECT_THAT(gfx90a(half + read + store),
              AllOf(HasSubstr("undefined in lane 4, from LDS byte 16, which nothing wrote, read in "
                              "lane 4 by +0x"),
                    HasSubstr("ds_read2_b32 v[2:3]")));
  EXPECT_THAT(gfx90a("ds_write_b32 v1, v20\n" + read + store),
              HasSubstr("from LDS byte 0, where what was stored is undefined, read in lane 0"));
  // What nothing wrote in a register did not come from LDS.
  EXPECT_THAT(gfx90a(half + read + "v_mov_b32 v3, v21\n" + store),
              AllOf(HasSubstr("undefined in lane 0; kernel")));
}

TEST(AmdExecutorFault, OutsideOfLds) {
  EXPECT_THAT(gfx90a("ds_write_b32 v1, v0 offset:4\n"),
              HasSubstr("LDS has 256 bytes, 4 at 256 lie outside in lane 63"));
  EXPECT_THAT(gfx90a("v_sub_u32 v2, 0, v1\nds_write_b32 v2, v0 offset:248\n"),
              HasSubstr("LDS has 256 bytes, 4 at -4 lie outside in lane 63"));
  EXPECT_THAT(gfx90a("v_and_b32 v2, 0x7c, v1\nv_sub_u32 v2, 0, v2\n"
                     "ds_write2_b32 v2, v2, v2 offset0:31 offset1:30\n"),
              HasSubstr("4 at -4 lie outside in lane 31"));
}

// The address is a sum in 32 bits: a base below 0 and an offset make one within.
TEST(AmdExecutorFault, LdsAddressesWrap) {
  const std::string back = "v_sub_u32 v2, 0, v1\n";
  const std::string barrier = "s_waitcnt lgkmcnt(0)\n";
  Assembled reversed("gfx90a", kBegin + "ds_write_b32 v1, v0\n" + back +
                                   "ds_read_b32 v3, v2 offset:252\n" + barrier +
                                   "global_store_dword v1, v3, s[4:5]\n");
  EXPECT_THAT(reversed.fault(64), IsEmpty());
  Assembled written("gfx90a", kBegin + back + "ds_write_b32 v2, v0 offset:252\n" +
                                  "ds_read_b32 v3, v1\n" + barrier +
                                  "global_store_dword v1, v3, s[4:5]\n");
  EXPECT_THAT(written.fault(64), IsEmpty());
  // Lanes 32 … 63 do the same as 0 … 31.
  const std::string half = "v_and_b32 v4, 31, v0\nv_lshlrev_b32 v2, 2, v4\nv_sub_u32 v2, 0, v2\n";
  Assembled pairs("gfx90a", kBegin + "ds_write_b32 v1, v0\n" + half +
                                "ds_read2_b32 v[6:7], v2 offset0:31 offset1:63\n" + barrier +
                                "global_store_dword v1, v6, s[4:5]\n"
                                "global_store_dword v1, v7, s[4:5] offset:256\n");
  EXPECT_THAT(pairs.fault(64), IsEmpty());
  Assembled pairs_written("gfx90a", kBegin + half +
                                        "v_add_u32 v5, 32, v4\n"
                                        "ds_write2_b32 v2, v4, v5 offset0:31 offset1:63\n"
                                        "ds_read_b32 v3, v1\n" +
                                        barrier + "global_store_dword v1, v3, s[4:5]\n");
  EXPECT_THAT(pairs_written.fault(64), IsEmpty());
  // Offsets of 64 words, as many as there are; both read the same.
  Assembled strided("gfx90a", kBegin +
                                  "ds_write_b32 v1, v0\nv_add_u32 v2, 0xffffff00, v1\n"
                                  "ds_read2st64_b32 v[6:7], v2 offset0:1 offset1:1\n" +
                                  barrier + "global_store_dword v1, v7, s[4:5]\n");
  EXPECT_THAT(strided.fault(64), IsEmpty());
  for (std::uint32_t l = 0; l < 64; ++l) {
    EXPECT_EQ(strided.buffer[l], l);
    EXPECT_EQ(reversed.buffer[l], 63 - l);
    EXPECT_EQ(written.buffer[l], 63 - l);
    EXPECT_EQ(pairs.buffer[l], 31 - l % 32);
    EXPECT_EQ(pairs.buffer[64 + l], 63 - l % 32);
    EXPECT_EQ(pairs_written.buffer[l], l < 32 ? 31 - l : 95 - l);
  }
}

// Wave 1 reads what wave 0 wrote. Each wave of 64 owns half of the first 128 words … of LDS, whose
// 256 bytes are 64 words: both touch the same.
const std::string kRacing = R"(
  v_lshlrev_b32 v2, 2, v0
  v_and_b32 v2, 0xfc, v2
  v_readfirstlane_b32 s8, v0
  s_cmp_lg_u32 s8, 0
  s_cbranch_scc1 .Lread
  ds_write_b32 v2, v0
WAIT
  s_barrier
  s_endpgm
.Lread:
  BARRIER
  ds_read_b32 v3, v2
  s_waitcnt lgkmcnt(0)
  s_endpgm
)";

std::string racing(const std::string& wait, bool barrier_first) {
  std::string body = kRacing;
  body.replace(body.find("WAIT"), 4, wait);
  body.replace(body.find("BARRIER"), 7, barrier_first ? "s_barrier" : "s_nop 0");
  if (!barrier_first) {
    body.replace(body.rfind("s_endpgm"), 8, "s_barrier");
  }
  return gfx90a(body, 128);
}

TEST(AmdExecutorFault, RaceInLds) {
  EXPECT_THAT(racing("s_waitcnt lgkmcnt(0)", true), IsEmpty());
  EXPECT_THAT(racing("s_waitcnt lgkmcnt(0)", false),
              AllOf(HasSubstr("ds_read_b32"), HasSubstr("reads what wave 0 writes")));
  // Without the wait the write may come after the barrier.
  EXPECT_THAT(racing("s_nop 0", true), HasSubstr("with no barrier between"));
}

// More operations than the counter holds: the oldest has ended. Wave 0 writes one word, then
// `others`, and waits for none.
std::string counted(int others) {
  std::string body = R"(
  v_mov_b32 v2, 0
  v_readfirstlane_b32 s8, v0
  s_cmp_lg_u32 s8, 0
  s_cbranch_scc1 .Lread
  s_mov_b64 exec, 1
  ds_write_b32 v2, v0
)";
  for (int i = 0; i < others; ++i) body += "ds_write_b32 v2, v0 offset:4\n";
  body += R"(
  s_mov_b64 exec, -1
  s_barrier
  s_endpgm
.Lread:
  s_barrier
  ds_read_b32 v3, v2
  s_waitcnt lgkmcnt(0)
)";
  return gfx90a(body, 128);
}

TEST(AmdExecutorFault, CountersHoldSoMuch) {
  EXPECT_THAT(counted(14), HasSubstr("reads what wave 0 writes"));
  EXPECT_THAT(counted(15), IsEmpty());
}

TEST(AmdExecutorFault, WavesOfNoLanes) {
  std::string bytes = Assembled("gfx90a", kBegin).object().bytes;
  const std::string name = ".wavefront_size";
  bytes.at(bytes.find(name) + name.size()) = 0;
  EXPECT_THAT([&] { read_code_object("gfx90a", bytes); },
              testing::ThrowsMessage<Fault>(HasSubstr("waves of 0 lanes in kernel")));
}

TEST(AmdExecutorFault, LanesThatWriteOneWord) {
  const std::string store = "v_mov_b32 v2, 8\nds_write_b32 v2, VALUE\n";
  const auto with = [&](const std::string& value) {
    std::string body = store;
    return gfx90a(body.replace(body.find("VALUE"), 5, value));
  };
  EXPECT_THAT(with("v2"), IsEmpty());
  EXPECT_THAT(with("v0"), HasSubstr("lanes write different values to LDS byte 8 in lane 1"));
}

TEST(AmdExecutorFault, BarrierThatOneWaveDoesNotReach) {
  EXPECT_THAT(gfx90a("v_readfirstlane_b32 s8, v0\ns_cmp_lg_u32 s8, 0\n"
                     "s_cbranch_scc1 .Lskip\ns_barrier\n.Lskip:\n",
                     128),
              HasSubstr("waves which ended never reach"));
  EXPECT_THAT(gfx90a("s_barrier\n", 128), IsEmpty());
  EXPECT_THAT(gfx90a("s_mov_b64 exec, 1\ns_barrier\n", 128),
              HasSubstr("a barrier that only some lanes reach"));
}

TEST(AmdExecutorFault, LoopWithoutEnd) {
  EXPECT_THAT(gfx90a(".Lloop:\ns_branch .Lloop\n"), HasSubstr("more instructions than the limit"));
  EXPECT_THAT(gfx90a(".Lloop:\ns_barrier\ns_branch .Lloop\n", 128),
              HasSubstr("more instructions than the limit"));
}

TEST(AmdExecutorFault, UnknownInstruction) {
  Assembled kernel("gfx90a", kBegin + "v_sin_f32 v2, v1\n");
  EXPECT_EQ(kernel.program().unknown.size(), 1u);
  EXPECT_THAT(kernel.fault(64),
              AllOf(HasSubstr("v_sin_f32_e32 v2, v1"), HasSubstr("does not know")));
}

TEST(AmdExecutorFault, MoreThreadsThanTheKernelIsFor) {
  EXPECT_THAT(gfx90a("", 257), HasSubstr("257 threads in a block of a kernel for 256"));
}

// A raw buffer of 64 words whose last is word 3 of the descriptor.
std::string buffer_kernel(const std::string& format) {
  return kBegin + R"(
  s_mov_b32 s8, s4
  s_and_b32 s9, s5, 0xffff
  s_movk_i32 s10, 0x100
  s_mov_b32 s11, )" +
         format + R"(
  v_lshlrev_b32 v2, 4, v0
  buffer_load_dwordx4 v[4:7], v2, s[8:11], 0 offen
  s_waitcnt vmcnt(0)
  global_store_dword v1, v4, s[4:5] offset:1024
)";
}

TEST(AmdExecutorFault, BufferWithoutARangeInBytes) {
  Assembled in_range("gfx90a", buffer_kernel("0x27000"));
  in_range.buffer[0] = 5;
  in_range.buffer[60] = 6;
  in_range.buffer[64] = 7;
  EXPECT_THAT(in_range.fault(64), IsEmpty());
  EXPECT_EQ(in_range.buffer[256], 5u);
  EXPECT_EQ(in_range.buffer[256 + 15], 6u);
  EXPECT_EQ(in_range.buffer[256 + 16], 0u);  // behind the range
  EXPECT_THAT(Assembled("gfx90a", buffer_kernel("0")).fault(64), HasSubstr("unbound"));
  EXPECT_THAT(Assembled("gfx1100", buffer_kernel("0x31027000")).fault(32), IsEmpty());
  EXPECT_THAT(Assembled("gfx1100", buffer_kernel("0x27000")).fault(32),
              HasSubstr("OOB_SELECT is not 3"));
}

// Without an offset of their own all lanes load the same.
TEST(AmdExecutorFault, BufferWithoutOffsets) {
  std::string body = buffer_kernel("0x27000");
  body.replace(body.find("v2, s[8:11], 0 offen"), 20, "off, s[8:11], 0 offset:8");
  Assembled kernel("gfx90a", body);
  kernel.buffer[2] = 5;
  EXPECT_THAT(kernel.fault(64), IsEmpty());
  EXPECT_EQ(kernel.buffer[256], 5u);
  EXPECT_EQ(kernel.buffer[256 + 63], 5u);
}

TEST(AmdExecutorFault, ArgumentsThatTheExecutorDoesNotHave) {
  EXPECT_THAT(Assembled("gfx90a", kBegin, "hidden_block_count_x").fault(64), IsEmpty());
  EXPECT_THAT(Assembled("gfx90a", kBegin, "hidden_heap_v1").fault(64),
              HasSubstr("the argument hidden_heap_v1, which the executor does not have"));
}

TEST(AmdExecutorFault, MatrixOperandsThatAreNotReplicated) {
  std::string body;
  for (int i = 0; i < 24; ++i) body += "v_mov_b32 v" + std::to_string(8 + i) + ", 0\n";
  const std::string multiply = "v_wmma_f32_16x16x16_f16 v[24:31], v[8:15], v[16:23], v[24:31]\n";
  EXPECT_THAT(Assembled("gfx1100", body + multiply).fault(32), IsEmpty());
  EXPECT_THAT(Assembled("gfx1100", body + "v_mov_b32 v9, v0\n" + multiply).fault(32),
              HasSubstr("lanes 16 … 31 of v9 are not those of lanes 0 … 15"));
}

}  // namespace
}  // namespace moat::amdgcn
