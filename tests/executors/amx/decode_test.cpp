// SPDX-License-Identifier: Apache-2.0
// Bytes as GNU as 2.40 assembles them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/executors/amx/instruction.hpp"

namespace moat::amx {
namespace {

using testing::HasSubstr;

// Register r holds 0x1000 · (r + 1).
Registers numbered() {
  Registers registers;
  for (std::size_t r = 0; r < registers.size(); ++r) registers[r] = 0x1000 * (r + 1);
  return registers;
}

Instruction decoded(const std::vector<std::uint8_t>& code) {
  Instruction to{};
  Fault why;
  EXPECT_EQ(decode(code.data(), numbered(), to, why), Decoded::instruction) << why.reason;
  EXPECT_EQ(to.length, static_cast<int>(code.size()));
  return to;
}

constexpr std::uint64_t kRax = 0x1000, kRcx = 0x2000, kRbx = 0x4000, kRsp = 0x5000, kRbp = 0x6000,
                        kRsi = 0x7000, kRdi = 0x8000, kR9 = 0xa000, kR12 = 0xd000, kR13 = 0xe000;

TEST(AmxDecode, Configuration) {
  auto x = decoded({0xc4, 0xe2, 0x78, 0x49, 0x00});  // ldtilecfg (%rax)
  EXPECT_EQ(x.operation, Operation::ldtilecfg);
  EXPECT_EQ(x.address, kRax);
  // ldtilecfg 0x12345(%r13,%r12,4)
  x = decoded({0xc4, 0x82, 0x78, 0x49, 0x84, 0xa5, 0x45, 0x23, 0x01, 0x00});
  EXPECT_EQ(x.operation, Operation::ldtilecfg);
  EXPECT_EQ(x.address, kR13 + 4 * kR12 + 0x12345);
  x = decoded({0xc4, 0xe2, 0x79, 0x49, 0x04, 0x24});  // sttilecfg (%rsp)
  EXPECT_EQ(x.operation, Operation::sttilecfg);
  EXPECT_EQ(x.address, kRsp);
  x = decoded({0xc4, 0xe2, 0x79, 0x49, 0x45, 0xf8});  // sttilecfg -8(%rbp)
  EXPECT_EQ(x.address, kRbp - 8);
  EXPECT_EQ(decoded({0xc4, 0xe2, 0x78, 0x49, 0xc0}).operation, Operation::tilerelease);
}

TEST(AmxDecode, AddressBesideTheInstruction) {
  // sttilecfg 8(%rip)
  const std::vector<std::uint8_t> code{0xc4, 0xe2, 0x79, 0x49, 0x05, 0x08, 0x00, 0x00, 0x00};
  Instruction to{};
  Fault why;
  ASSERT_EQ(decode(code.data(), numbered(), to, why), Decoded::instruction);
  EXPECT_EQ(to.address, reinterpret_cast<std::uint64_t>(code.data()) + code.size() + 8);
}

TEST(AmxDecode, LoadsAndStores) {
  auto x = decoded({0xc4, 0xe2, 0x7b, 0x4b, 0x1c, 0x18});  // tileloadd (%rax,%rbx,1), %tmm3
  EXPECT_EQ(x.operation, Operation::tileloadd);
  EXPECT_EQ(x.tile, 3);
  EXPECT_EQ(x.address, kRax);
  EXPECT_EQ(x.stride, static_cast<std::int64_t>(kRbx));
  x = decoded({0xc4, 0xa2, 0x7b, 0x4b, 0x1c, 0x0c});  // tileloadd (%rsp,%r9,1), %tmm3
  EXPECT_EQ(x.address, kRsp);
  EXPECT_EQ(x.stride, static_cast<std::int64_t>(kR9));
  x = decoded({0xc4, 0x82, 0x7b, 0x4b, 0x7c, 0xa5, 0x40});  // tileloadd 0x40(%r13,%r12,4), %tmm7
  EXPECT_EQ(x.tile, 7);
  EXPECT_EQ(x.address, kR13 + 0x40);
  EXPECT_EQ(x.stride, static_cast<std::int64_t>(4 * kR12));
  // tileloadd (,%r12,4), %tmm7
  x = decoded({0xc4, 0xa2, 0x7b, 0x4b, 0x3c, 0xa5, 0x10, 0x00, 0x00, 0x00});
  EXPECT_EQ(x.address, 0x10u);
  // tileloaddt1 0x4000(%rax,%rbx,1), %tmm3
  x = decoded({0xc4, 0xe2, 0x79, 0x4b, 0x9c, 0x18, 0x00, 0x40, 0x00, 0x00});
  EXPECT_EQ(x.operation, Operation::tileloaddt1);
  EXPECT_EQ(x.address, kRax + 0x4000);
  x = decoded({0xc4, 0xe2, 0x7a, 0x4b, 0x14, 0x77});  // tilestored %tmm2, (%rdi,%rsi,2)
  EXPECT_EQ(x.operation, Operation::tilestored);
  EXPECT_EQ(x.tile, 2);
  EXPECT_EQ(x.address, kRdi);
  EXPECT_EQ(x.stride, static_cast<std::int64_t>(2 * kRsi));
  EXPECT_EQ(decoded({0xc4, 0xe2, 0x7b, 0x49, 0xe8}).tile, 5);  // tilezero %tmm5
}

TEST(AmxDecode, Products) {
  struct Row {
    std::uint8_t prefix, opcode;
    Operation operation;
  };
  for (const Row& row : {Row{0x62, 0x5c, Operation::tdpbf16ps},
                         {0x63, 0x5c, Operation::tdpfp16ps},
                         {0x63, 0x5e, Operation::tdpbssd},
                         {0x62, 0x5e, Operation::tdpbsud},
                         {0x61, 0x5e, Operation::tdpbusd},
                         {0x60, 0x5e, Operation::tdpbuud}}) {
    // name %tmm3, %tmm2, %tmm1: the destination is the last
    const auto x = decoded({0xc4, 0xe2, row.prefix, row.opcode, 0xca});
    EXPECT_EQ(x.operation, row.operation);
    EXPECT_EQ(x.tile, 1);
    EXPECT_EQ(x.left, 2);
    EXPECT_EQ(x.right, 3);
  }
}

TEST(AmxDecode, OtherInstructionsAreNone) {
  for (const std::vector<std::uint8_t>& code :
       {std::vector<std::uint8_t>{0x90, 0, 0, 0, 0, 0},              // nop
        std::vector<std::uint8_t>{0x0f, 0x0b, 0, 0, 0, 0},           // ud2
        std::vector<std::uint8_t>{0x64, 0x48, 0x8b, 0x04, 0x25},     // mov %fs:…, %rax
        std::vector<std::uint8_t>{0xc4, 0xe2, 0x71, 0xb8, 0xc2},     // vfmadd231ps
        std::vector<std::uint8_t>{0xc4, 0xe2, 0x61, 0x5c, 0xca}}) {  // no operation has this
    Instruction to{};
    Fault why;
    EXPECT_EQ(decode(code.data(), numbered(), to, why), Decoded::no_matrix_instruction);
  }
}

std::string refused(const std::vector<std::uint8_t>& code) {
  Instruction to{};
  Fault why;
  EXPECT_EQ(decode(code.data(), numbered(), to, why), Decoded::faulty);
  return std::string(name_of(to.operation)) + " " + why.exception + " " + why.reason;
}

TEST(AmxDecode, FaultyEncodings) {
  EXPECT_THAT(refused({0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0x20}), HasSubstr("TILELOADD refused no ind"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x7b, 0x4b, 0x08, 0}), HasSubstr("TILELOADD #UD ModRM.rm"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x7b, 0x4b, 0xcc, 0}), HasSubstr("TILELOADD #UD ModRM.mod"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x6b, 0x4b, 0x1c, 0x18}), HasSubstr("#UD VEX.vvvv"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0xfb, 0x4b, 0x1c, 0x18}), HasSubstr("#UD VEX.W"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x7f, 0x4b, 0x1c, 0x18}), HasSubstr("#UD VEX.L"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x62, 0x5c, 0x0a}), HasSubstr("TDPBF16PS #UD ModRM.mod"));
  EXPECT_THAT(refused({0xc4, 0x62, 0x62, 0x5c, 0xca}), HasSubstr("palette 1 has no tmm9"));
  EXPECT_THAT(refused({0xc4, 0xc2, 0x62, 0x5c, 0xca}), HasSubstr("palette 1 has no tmm10"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x22, 0x5c, 0xca}), HasSubstr("palette 1 has no tmm11"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x78, 0x49, 0xc8}), HasSubstr("TILERELEASE #UD"));
  EXPECT_THAT(refused({0xc4, 0xe2, 0x78, 0x49, 0x08}), HasSubstr("LDTILECFG #UD ModRM.reg"));
  EXPECT_THAT(refused({0x64, 0xc4, 0xe2, 0x7b, 0x4b, 0x1c, 0x18}), HasSubstr("prefix 64"));
  EXPECT_THAT(refused({0x67, 0xc4, 0xe2, 0x7b, 0x4b, 0x1c, 0x18}), HasSubstr("prefix 67"));
}

}  // namespace
}  // namespace moat::amx
