// SPDX-License-Identifier: Apache-2.0
// Instructions against what the ISA documents say of them, computed here in another way.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "problems/dtype.hpp"
#include "tests/executors/amd/assembled.hpp"

namespace moat::amdgcn {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr int kWidth = 64;

// Values of all kinds: specials, denormals, integers, whatever bits.
u32 any_bits(std::mt19937& random) {
  constexpr u32 kSpecial[] = {0,          0x80000000, 1,          0x807fffff, 0x00800000,
                              0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000,
                              0x7fc00000, 0x7fffffff, 0xffffffff, 0x33000000, 0x38800000};
  switch (random() % 4) {
    case 0:
      return kSpecial[random() % std::size(kSpecial)];
    case 1:
      return random() % 64;
    default:
      return static_cast<u32>(random());
  }
}

// Loads v4 … v7 of each lane from four rows of the buffer, runs `body`, stores v8 and v9 to rows 4
// and 5, each row 64 words.
std::vector<u32> run(const std::string& architecture, const std::string& body,
                     const std::vector<u32>& inputs) {
  const bool gfx9 = architecture.starts_with("gfx9");
  const std::string load = gfx9 ? "global_load_dword" : "global_load_b32";
  const std::string store = gfx9 ? "global_store_dword" : "global_store_b32";
  std::string text =
      gfx9 ? "s_load_dwordx2 s[4:5], s[0:1], 0x0\n" : "s_load_b64 s[4:5], s[0:1], 0x0\n";
  text += "v_lshlrev_b32 v1, 2, v0\ns_waitcnt lgkmcnt(0)\n";
  for (int row = 0; row < 4; ++row) {
    text += load + " v" + std::to_string(4 + row) +
            ", v1, s[4:5] offset:" + std::to_string(256 * row) + "\n";
  }
  text += "v_mov_b32 v8, 0\nv_mov_b32 v9, 0\ns_waitcnt vmcnt(0)\n" + body + "\n";
  text += store + " v1, v8, s[4:5] offset:1024\n" + store + " v1, v9, s[4:5] offset:1280\n";
  Assembled kernel(architecture, text);
  EXPECT_TRUE(kernel.program().unknown.empty()) << kernel.program().unknown[0];
  std::copy(inputs.begin(), inputs.end(), kernel.buffer.begin());
  kernel.run(gfx9 ? 64 : 32);
  return {kernel.buffer.begin() + 256, kernel.buffer.begin() + 384};
}

// What a body makes of a lane's four values; of gfx11, lanes 0 … 31.
struct Lane {
  u32 low;   // v8
  u32 high;  // v9
};
template <class F>
void expect(const std::string& architecture, const std::string& body, F f, int rounds = 4) {
  std::mt19937 random(7);
  const int lanes = architecture.starts_with("gfx9") ? 64 : 32;
  for (int round = 0; round < rounds; ++round) {
    std::vector<u32> inputs(4 * kWidth);
    for (u32& x : inputs) x = any_bits(random);
    const std::vector<u32> got = run(architecture, body, inputs);
    for (int l = 0; l < lanes; ++l) {
      const auto in = [&](int row) { return inputs[static_cast<std::size_t>(kWidth * row + l)]; };
      const Lane want = f(in(0), in(1), in(2), in(3));
      const auto at = static_cast<std::size_t>(l);
      EXPECT_EQ(got[at], want.low) << body << " lane " << l << std::hex << " of " << in(0) << " "
                                   << in(1) << " " << in(2) << " " << in(3);
      EXPECT_EQ(got[kWidth + at], want.high) << body << " lane " << l;
    }
  }
}

float f(u32 x) { return std::bit_cast<float>(x); }
u32 b(float x) { return std::bit_cast<u32>(x); }

TEST(AmdExecutorOperations, AdditionOf64BitsByCarries) {
  expect("gfx90a", "v_add_co_u32 v8, vcc, v4, v6\nv_addc_co_u32 v9, vcc, v5, v7, vcc",
         [](u32 a, u32 c, u32 d, u32 e) {
           const u64 sum = (u64{c} << 32 | a) + (u64{e} << 32 | d);
           return Lane{static_cast<u32>(sum), static_cast<u32>(sum >> 32)};
         });
  expect("gfx1100", "v_add_co_u32 v8, vcc_lo, v4, v6\nv_add_co_ci_u32 v9, vcc_lo, v5, v7, vcc_lo",
         [](u32 a, u32 c, u32 d, u32 e) {
           const u64 sum = (u64{c} << 32 | a) + (u64{e} << 32 | d);
           return Lane{static_cast<u32>(sum), static_cast<u32>(sum >> 32)};
         });
  expect("gfx90a", "v_sub_co_u32 v8, vcc, v4, v6\nv_subb_co_u32 v9, vcc, v5, v7, vcc",
         [](u32 a, u32 c, u32 d, u32 e) {
           const u64 sum = (u64{c} << 32 | a) - (u64{e} << 32 | d);
           return Lane{static_cast<u32>(sum), static_cast<u32>(sum >> 32)};
         });
}

TEST(AmdExecutorOperations, ProductsOf64Bits) {
  expect("gfx90a", "v_mad_u64_u32 v[8:9], s[8:9], v4, v5, v[6:7]", [](u32 a, u32 c, u32 d, u32 e) {
    const u64 r = u64{a} * c + (u64{e} << 32 | d);
    return Lane{static_cast<u32>(r), static_cast<u32>(r >> 32)};
  });
  expect("gfx942", "v_lshl_add_u64 v[8:9], v[4:5], 3, v[6:7]", [](u32 a, u32 c, u32 d, u32 e) {
    const u64 r = ((u64{c} << 32 | a) << 3) + (u64{e} << 32 | d);
    return Lane{static_cast<u32>(r), static_cast<u32>(r >> 32)};
  });
  expect("gfx90a", "v_mul_hi_i32 v8, v4, v5\nv_mov_b32 v9, v4", [](u32 a, u32 c, u32, u32) {
    const auto product = std::int64_t{static_cast<std::int32_t>(a)} * static_cast<std::int32_t>(c);
    return Lane{static_cast<u32>(static_cast<u64>(product) >> 32), a};
  });
  expect("gfx90a", "v_ashrrev_i64 v[8:9], 31, v[4:5]", [](u32 a, u32 c, u32, u32) {
    const auto r = static_cast<u64>(static_cast<std::int64_t>(u64{c} << 32 | a) >> 31);
    return Lane{static_cast<u32>(r), static_cast<u32>(r >> 32)};
  });
  expect("gfx90a", "v_mul_hi_u32 v8, v4, v5\nv_mul_lo_u32 v9, v4, v5", [](u32 a, u32 c, u32, u32) {
    return Lane{static_cast<u32>(u64{a} * c >> 32), a * c};
  });
}

// Compilers take the lower half of an operation of 64 bits on operands whose upper half nothing
// wrote.
TEST(AmdExecutorOperations, LowerHalvesDependOnLowerHalves) {
  const std::string half = "v_mov_b32 v20, v6\n";
  const std::string end = "\nv_mov_b32 v9, v7";
  expect("gfx90a", half + "v_mad_u64_u32 v[8:9], s[8:9], v4, v5, v[20:21]" + end,
         [](u32 a, u32 c, u32 d, u32 e) {
           return Lane{a * c + d, e};
         });
  expect("gfx90a", half + "v_lshlrev_b64 v[8:9], 3, v[20:21]" + end, [](u32, u32, u32 d, u32 e) {
    return Lane{d << 3, e};
  });
  expect("gfx942", half + "v_lshl_add_u64 v[8:9], v[20:21], 3, v[4:5]" + end,
         [](u32 a, u32, u32 d, u32 e) {
           return Lane{(d << 3) + a, e};
         });
}

TEST(AmdExecutorOperations, HalvesArePacked) {
  expect("gfx90a", "v_pack_b32_f16 v8, v4, v5\nv_pack_b32_f16 v9, v6, v7 op_sel:[1,0,0]",
         [](u32 a, u32 c, u32 d, u32 e) {
           return Lane{(a & 0xffffu) | c << 16, d >> 16 | e << 16};
         });
}

// 0.5 is as wide as what the operation reads.
TEST(AmdExecutorOperations, ConstantsOfFloatingPoint) {
  const auto is = [](u32 low, u32 high) {
    return [=](u32, u32, u32, u32) { return Lane{low, high}; };
  };
  expect("gfx90a", "v_mov_b32 v8, 0.5\nv_mul_f32 v9, 2.0, v8", is(b(0.5f), b(1.f)), 1);
  expect("gfx90a", "v_pack_b32_f16 v8, 1.0, -2.0\nv_cvt_f32_f16 v9, 0.5", is(0xc0003c00u, b(0.5f)),
         1);
  expect("gfx90a", "v_cvt_f32_f16 v8, 0.15915494\nv_mul_f32 v9, 1.0, 0.15915494",
         is(b(0x1.46p-3f), b(0.15915494f)), 1);
  expect("gfx90a", "s_mov_b64 s[8:9], 1.0\nv_mov_b32 v8, s8\nv_mov_b32 v9, s9", is(0, 0x3ff00000u),
         1);
  expect("gfx942", "v_mov_b64 v[8:9], -4.0", is(0, 0xc0100000u), 1);
  expect("gfx90a", "v_mov_b32 v4, 1.0\nv_fma_mix_f32 v8, v4, 2.0, 0.5", is(b(2.5f), 0), 1);
  for (const char* other : {"v_fma_mix_f32 v8, v4, 2.0, v5 op_sel_hi:[1,1,0]",
                            "s_and_b64 s[8:9], s[8:9], 1.0", "v_lshlrev_b64 v[8:9], v4, 1.0"}) {
    const Assembled kernel("gfx90a", other);
    ASSERT_EQ(kernel.program().unknown.size(), 1u) << other;
    EXPECT_NE(kernel.program().unknown[0].find("a constant of floating point"), std::string::npos)
        << kernel.program().unknown[0];
  }
}

TEST(AmdExecutorOperations, BitFields) {
  expect("gfx90a", "v_bfe_u32 v8, v4, v5, v6\nv_bfe_i32 v9, v4, v5, v6",
         [](u32 a, u32 c, u32 d, u32) {
           const u32 offset = c % 32;
           const u32 width = d % 32;
           Lane r{0, 0};
           for (u32 bit = 0; bit < 32; ++bit) {
             // Behind the register's end the bits are 0, of a signed field the register's sign.
             const auto at = [&](u32 i, u32 behind) {
               return offset + i < 32 ? a >> (offset + i) & 1u : behind;
             };
             if (bit < width) r.low |= at(bit, 0) << bit;
             if (width > 0) r.high |= at(std::min(bit, width - 1), a >> 31) << bit;
           }
           return r;
         });
  expect("gfx90a", "v_bfrev_b32 v8, v4\nv_xad_u32 v9, v4, v5, v6", [](u32 a, u32 c, u32 d, u32) {
    u32 reversed = 0;
    for (int bit = 0; bit < 32; ++bit) reversed |= (a >> bit & 1u) << (31 - bit);
    return Lane{reversed, (a ^ c) + d};
  });
}

TEST(AmdExecutorOperations, ScalarBitsReversed) {
  const auto got = run("gfx942", "s_brev_b32 s8, 0x80000013\nv_mov_b32 v8, s8\nv_mov_b32 v9, 0",
                       std::vector<u32>(4 * kWidth));
  EXPECT_EQ(got[0], 0xc8000001u);
}

TEST(AmdExecutorOperations, ScalarFields) {
  // The lane's value goes through s8; lane by lane it is the first one's.
  std::mt19937 random(3);
  for (int round = 0; round < 8; ++round) {
    std::vector<u32> inputs(4 * kWidth);
    for (u32& x : inputs) x = any_bits(random);
    inputs[kWidth] = static_cast<u32>(random() % 32 | random() % 33 << 16);
    const auto got = run("gfx90a",
                         "v_readfirstlane_b32 s8, v4\nv_readfirstlane_b32 s9, v5\n"
                         "s_bfe_u32 s10, s8, s9\ns_bfe_i32 s11, s8, s9\n"
                         "v_mov_b32 v8, s10\nv_mov_b32 v9, s11",
                         inputs);
    const u32 offset = inputs[kWidth] & 31;
    const u32 width = inputs[kWidth] >> 16;
    u32 field = 0;
    for (u32 bit = 0; bit < width && offset + bit < 32; ++bit) {
      field |= (inputs[0] >> (offset + bit) & 1u) << bit;
    }
    EXPECT_EQ(got[0], field);
    // The field is shifted with the register's sign.
    std::int64_t wide = static_cast<std::int32_t>(inputs[0]);
    wide >>= offset;
    const int drop = 64 - static_cast<int>(width);
    const std::int64_t want =
        width == 0 ? 0 : static_cast<std::int64_t>(static_cast<u64>(wide) << drop) >> drop;
    EXPECT_EQ(got[kWidth], static_cast<u32>(want)) << offset << " " << width;
  }
}

TEST(AmdExecutorOperations, QuotientsAreCorrectlyRounded) {
  const std::string body = R"(
  v_div_scale_f32 v10, s[8:9], v5, v5, v4
  v_div_scale_f32 v11, vcc, v4, v5, v4
  v_rcp_f32 v12, v10
  v_fma_f32 v13, -v10, v12, 1.0
  v_fma_f32 v12, v13, v12, v12
  v_mul_f32 v13, v11, v12
  v_fma_f32 v14, -v10, v13, v11
  v_fma_f32 v13, v14, v12, v13
  v_fma_f32 v10, -v10, v13, v11
  v_div_fmas_f32 v10, v10, v12, v13
  v_div_fixup_f32 v8, v10, v5, v4
)";
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    std::vector<u32> inputs(4 * kWidth);
    for (u32& x : inputs) x = any_bits(random);
    const auto got = run("gfx90a", body, inputs);
    for (std::size_t l = 0; l < kWidth; ++l) {
      const float a = f(inputs[l]);
      const float c = f(inputs[kWidth + l]);
      const float want = a / c;
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(f(got[l]))) << a << " / " << c;
      } else {
        EXPECT_EQ(got[l], b(want))
            << std::hexfloat << a << " / " << c << " is " << want << ", got " << f(got[l]);
      }
    }
  }
}

TEST(AmdExecutorOperations, HalvesAreConvertedAsTheTypesAre) {
  std::mt19937 random(5);
  for (int round = 0; round < 8; ++round) {
    std::vector<u32> inputs(4 * kWidth);
    for (u32& x : inputs) {
      x = any_bits(random);
      // Half of them in the range of binary16, whose numbers begin at 2^-24.
      if (random() % 2 == 0) x = (x & 0x8fffffffu) | 0x30000000u;
    }
    const auto got = run("gfx90a", "v_cvt_f16_f32 v8, v4\nv_cvt_f32_f16 v9, v5", inputs);
    for (std::size_t l = 0; l < kWidth; ++l) {
      const float x = f(inputs[l]);
      const u32 want = std::isnan(x) ? 0u : from_float<f16>(x).bits;
      if (std::isnan(x)) {
        EXPECT_GT(got[l] & 0x7fffu, 0x7c00u);
      } else {
        EXPECT_EQ(got[l], want) << std::hexfloat << x;
      }
      const f16 half{static_cast<std::uint16_t>(inputs[kWidth + l])};
      const float widened = to_float(half);
      if (std::isnan(widened)) continue;
      EXPECT_EQ(got[kWidth + l], b(widened)) << half.bits;
    }
  }
}

TEST(AmdExecutorOperations, SixteenBitsLeaveOrClearTheUpperHalf) {
  const std::string body = "v_mov_b32 v8, v5\nv_mov_b32 v9, v6\n";
  expect("gfx90a", body + "v_add_u16 v8, v4, v7\nv_lshrrev_b16 v9, 3, v4",
         [](u32 a, u32, u32, u32 d) {
           return Lane{(a + d) & 0xffffu, (a & 0xffffu) >> 3};
         });
  expect("gfx1100", body + "v_add_nc_u16 v8, v4, v7\nv_lshrrev_b16 v9, 3, v4",
         [](u32 a, u32 c, u32 d, u32 e) {
           return Lane{((a + e) & 0xffffu) | (c & 0xffff0000u),
                       (a & 0xffffu) >> 3 | (d & 0xffff0000u)};
         });
}

TEST(AmdExecutorOperations, SdwaTakesPartsOfRegisters) {
  expect(
      "gfx90a",
      "v_lshlrev_b32_sdwa v8, v4, sext(v5) dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:DWORD "
      "src1_sel:WORD_0\n"
      "v_or_b32_sdwa v9, v6, v7 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:WORD_1 "
      "src1_sel:BYTE_2",
      [](u32 a, u32 c, u32 d, u32 e) {
        const auto low = static_cast<std::int16_t>(static_cast<std::uint16_t>(c));
        return Lane{static_cast<u32>(std::int32_t{low}) << (a & 31), d >> 16 | (e >> 16 & 0xffu)};
      });
}

TEST(AmdExecutorOperations, PackedOperationsChooseWordsAndSigns) {
  const auto finite = [](u32 x) { return f((x & 0x807fffffu) | 0x3f000000u); };
  const std::string body =
      "v_mov_b32 v20, 0x807fffff\nv_and_b32 v4, v4, v20\nv_and_b32 v5, v5, v20\n"
      "v_and_b32 v6, v6, v20\nv_and_b32 v7, v7, v20\nv_mov_b32 v20, 0.5\n"
      "v_or_b32 v4, v4, v20\nv_or_b32 v5, v5, v20\nv_or_b32 v6, v6, v20\nv_or_b32 v7, v7, v20\n";
  expect("gfx90a", body + "v_pk_add_f32 v[8:9], v[4:5], v[6:7] op_sel_hi:[1,0] neg_lo:[0,1]",
         [&](u32 a, u32 c, u32 d, u32) {
           return Lane{b(finite(a) - finite(d)), b(finite(c) + finite(d))};
         });
  expect("gfx90a", body + "v_pk_mov_b32 v[8:9], v[4:5], v[6:7] op_sel:[1,0]",
         [&](u32, u32 c, u32 d, u32) {
           return Lane{b(finite(c)), b(finite(d))};
         });
  expect("gfx90a", body + "v_fma_f32 v8, -v4, |v5|, v6\nv_fma_f32 v9, v7, v7, -|v4|",
         [&](u32 a, u32 c, u32 d, u32 e) {
           return Lane{b(std::fma(-finite(a), std::fabs(finite(c)), finite(d))),
                       b(std::fma(finite(e), finite(e), -std::fabs(finite(a))))};
         });
}

TEST(AmdExecutorOperations, DualIssueReadsBeforeItWrites) {
  expect("gfx1100",
         "v_mov_b32 v8, v4\nv_mov_b32 v9, v5\n"
         "v_dual_mov_b32 v8, v9 :: v_dual_mov_b32 v9, v8",
         [](u32 a, u32 c, u32, u32) {
           return Lane{c, a};
         });
}

TEST(AmdExecutorOperations, LanesExchange) {
  std::mt19937 random(9);
  std::vector<u32> inputs(4 * kWidth);
  for (u32& x : inputs) x = static_cast<u32>(random());
  const auto got = run("gfx90a",
                       "v_lshlrev_b32 v10, 2, v5\nds_bpermute_b32 v8, v10, v4\n"
                       "v_readlane_b32 s8, v6, 17\nv_mov_b32 v9, 1\nv_writelane_b32 v9, s8, 40\n"
                       "s_waitcnt lgkmcnt(0)",
                       inputs);
  for (std::size_t l = 0; l < kWidth; ++l) {
    EXPECT_EQ(got[l], inputs[inputs[kWidth + l] % 64]);
    EXPECT_EQ(got[kWidth + l], l == 40 ? inputs[2 * kWidth + 17] : 1u);
  }
}

TEST(AmdExecutorOperations, ClassesOfNumbers) {
  expect("gfx90a",
         "v_cmp_class_f32 vcc, v4, v5\nv_cndmask_b32 v8, 0, 1, vcc\n"
         "v_cmp_u_f32 vcc, v4, v6\nv_cndmask_b32 v9, 0, 1, vcc",
         [](u32 a, u32 mask, u32 c, u32) {
           const float x = f(a);
           u32 bit = 0;
           switch (std::fpclassify(x)) {
             case FP_NAN:
               bit = (a & 0x400000u) != 0 ? 1 : 0;
               break;
             case FP_INFINITE:
               bit = x < 0 ? 2 : 9;
               break;
             case FP_NORMAL:
               bit = x < 0 ? 3 : 8;
               break;
             case FP_SUBNORMAL:
               bit = std::signbit(x) ? 4 : 7;
               break;
             default:
               bit = std::signbit(x) ? 5 : 6;
           }
           return Lane{mask >> bit & 1u, u32{std::isunordered(x, f(c))}};
         });
}

TEST(AmdExecutorOperations, HalvesAreComparedWithTheirSigns) {
  const auto half = [](u32 x) { return to_float(f16{static_cast<std::uint16_t>(x)}); };
  expect("gfx90a",
         "v_cmp_lt_f16 s[8:9], -v4, |v5|\nv_cndmask_b32 v8, 0, 1, s[8:9]\n"
         "v_cmp_nle_f16 vcc, v6, v7\nv_cndmask_b32 v9, 0, 1, vcc",
         [&](u32 a, u32 c, u32 d, u32 e) {
           return Lane{u32{-half(a) < std::fabs(half(c))}, u32{!(half(d) <= half(e))}};
         });
}

TEST(AmdExecutorOperations, ComparisonsHaveTheirOpposites) {
  for (const char* type : {"i16", "u16", "i64", "u64"}) {
    const bool wide = std::string(type).ends_with("64");
    for (const auto& [one, other] : {std::pair{"lt", "ge"}, {"le", "gt"}, {"eq", "ne"}}) {
      const auto truth = [&](const char* name, int to) {
        return std::string("v_cmp_") + name + "_" + type +
               (wide ? " vcc, v[4:5], v[6:7]\n" : " vcc, v4, v5\n") + "v_cndmask_b32 v" +
               std::to_string(to) + ", 0, 1, vcc\n";
      };
      const auto compare = [&](auto a, auto b) {
        const bool is = one[0] == 'e' ? a == b : one[1] == 't' ? a < b : a <= b;
        return Lane{u32{is}, u32{!is}};
      };
      expect(
          "gfx90a", truth(one, 8) + truth(other, 9),
          [&](u32 a, u32 c, u32 d, u32 e) {
            const u64 left = u64{c} << 32 | a;
            const u64 right = u64{e} << 32 | d;
            const auto short_a = static_cast<std::uint16_t>(a);
            const auto short_c = static_cast<std::uint16_t>(c);
            if (!wide && type[0] == 'u') return compare(short_a, short_c);
            if (!wide) {
              return compare(static_cast<std::int16_t>(short_a),
                             static_cast<std::int16_t>(short_c));
            }
            if (type[0] == 'u') return compare(left, right);
            return compare(static_cast<std::int64_t>(left), static_cast<std::int64_t>(right));
          },
          2);
    }
  }
}

TEST(AmdExecutorOperations, ExponentialsFlushDenormalsAndAreClose) {
  std::mt19937 random(13);
  std::vector<u32> inputs(4 * kWidth);
  for (u32& x : inputs)
    x = b(static_cast<float>(static_cast<int>(random() % 40000)) * 0.01f - 200.f);
  const auto got = run("gfx90a", "v_exp_f32 v8, v4", inputs);
  for (std::size_t l = 0; l < kWidth; ++l) {
    const float exact = std::exp2(f(inputs[l]));
    if (exact < 0x1p-126f) {
      EXPECT_EQ(got[l], 0u) << f(inputs[l]);
    } else if (std::isinf(exact)) {
      EXPECT_EQ(got[l], b(exact));
    } else {
      EXPECT_NEAR(f(got[l]), exact, exact * 0x1p-22f) << f(inputs[l]);
    }
  }
}

// gfx90a takes subnormals of binary16 for zero in its matrix instructions; gfx942 does not.
TEST(AmdExecutorOperations, MatrixInstructionsAndSubnormals) {
  const auto product = [](const std::string& architecture, const std::string& mnemonic) {
    // A is 2^-15 and B is 1 throughout: 16 · 2^-15.
    const std::vector<u32> inputs(4 * kWidth, 0);
    return f(run(architecture,
                 "v_mov_b32 v4, 0x02000200\nv_mov_b32 v5, v4\nv_mov_b32 v6, 0x3c003c00\n"
                 "v_mov_b32 v7, v6\n" +
                     mnemonic + " v[8:11], v[4:5], v[6:7], 0\n",
                 inputs)[5]);
  };
  EXPECT_EQ(product("gfx942", "v_mfma_f32_16x16x16_f16"), 0x1p-11f);
  EXPECT_EQ(product("gfx90a", "v_mfma_f32_16x16x16f16"), 0.f);
}

}  // namespace
}  // namespace moat::amdgcn
