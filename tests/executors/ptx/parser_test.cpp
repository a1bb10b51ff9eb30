// SPDX-License-Identifier: Apache-2.0
// What the decoder refuses, each with the line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/executors/ptx/harness.hpp"

namespace moat::ptx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void parse(const std::string& body) {
  Module module(module_of(body, ".param .u64 p"));
  module.find("test");
}

auto refuses(const std::string& line, const std::string& what) {
  return ThrowsMessage<ParseError>(AllOf(HasSubstr(line), HasSubstr(what)));
}

TEST(PtxParser, NamesAnUnknownInstruction) {
  EXPECT_THAT([] { parse("vadd.s32 %r1, %r2, %r3;"); },
              refuses("line 12: vadd.s32 %r1, %r2, %r3;", "unknown instruction vadd.s32"));
  EXPECT_THAT([] { parse("ld.global.b128 %r1, [%rd1];"); }, refuses("", "ld.global.b128"));
  EXPECT_THAT([] { parse("wgmma.mma_async.sync.aligned.m64n60k16.f32.f16.f16 {%f1}, 1;"); },
              refuses("", "m64n60k16"));
}

TEST(PtxParser, ProductsOfCodes) {
  const auto product = [](const std::string& form, const std::string& a = "%rd1",
                          const std::string& end = "") {
    parse("wgmma.mma_async.sync.aligned." + form + " {%f1,%f2,%f3,%f4}, " + a +
          ", %rd2, %p1, 1, 1" + end + ";");
  };
  for (const char* const types : {"e4m3.e4m3", "e4m3.e5m2", "e5m2.e4m3", "e5m2.e5m2"}) {
    const std::string form = std::string("m64n8k32.f32.") + types;
    EXPECT_NO_THROW(product(form));
    EXPECT_NO_THROW(product(form, "{%r1,%r2,%r3,%r4}"));
    EXPECT_THAT([&] { product(form, "{%r1,%r2}"); }, refuses("", "2 registers, not 4"));
    // There is no transposition.
    EXPECT_THAT([&] { product(form, "%rd1", ", 0, 0"); }, refuses("", "after the operands"));
  }
  for (const char* const form :
       {"m64n8k16.f32.e4m3.e4m3", "m64n8k32.f32.f16.f16", "m64n8k32.f32.e4m3.bf16",
        "m64n8k16.f32.f16.bf16", "m64n8k32.f32.e4m3", "m64n8k32.f16.e4m3.e4m3",
        "m64n12k32.f32.e4m3.e4m3", "m64n264k32.f32.e4m3.e4m3", "m64n8xk32.f32.e4m3.e4m3",
        "m64n8k32.f32.e4m3.e4m3.e4m3", "m64n8k32.f32.e3m4.e3m4"}) {
    EXPECT_THAT(
        [&] { product(form); },
        refuses(form, std::string("unknown instruction wgmma.mma_async.sync.aligned.") + form));
  }
  EXPECT_THAT([&] { product("m64n16k32.f32.e4m3.e4m3"); }, refuses("", "4 registers, not 8"));
}

TEST(PtxParser, RegistersHaveTypes) {
  EXPECT_THAT([] { parse("add.s32 %r1, %r2, %rd3;"); }, refuses("", "%rd3 has another type"));
  EXPECT_THAT([] { parse("add.f32 %f1, %f2, %p3;"); }, refuses("", "%p3 has another type"));
  EXPECT_THAT([] { parse("add.s32 %r1, %r2, %r99;"); }, refuses("", "unknown register %r99"));
  EXPECT_THAT([] { parse("mov.u32 %r1, %smid;"); }, refuses("", "unknown register"));
  EXPECT_THAT([] { parse("mul.f32 %f1, %f2, 3;"); }, refuses("", "an integer where a float"));
}

TEST(PtxParser, LabelsBelongToTheirBlock) {
  EXPECT_NO_THROW(parse("{\nagain:\n@%p1 bra again;\n}\n{\nagain:\n@%p1 bra again;\n}"));
  EXPECT_THAT([] { parse("{\nagain:\n}\nbra again;"); }, refuses("bra again;", "unknown label"));
}

TEST(PtxParser, NumbersOfOperands) {
  EXPECT_THAT([] { parse("add.s32 %r1, %r2;"); }, refuses("add.s32 %r1, %r2;", "',' expected"));
  EXPECT_THAT([] { parse("add.s32 %r1, %r2, %r3, %r4;"); }, refuses("", "after the operands"));
  EXPECT_THAT([] { parse("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1,%r2}, [%r3];"); },
              refuses("", "2 registers, not 4"));
}

// What nvcc -lineinfo adds.
TEST(PtxParser, SourceLines) {
  Module module(
      module_of(".loc 2 7 3, function_name $L__info_string0, inlined_at 1 12 5\nadd.s32 %r1, %r2, "
                "%r3;\n.loc 1 13 1\n",
                ".param .u64 p") +
      ".file 1 \"/home/me/own.cu\"\n.file 2 \"/usr/include/part.hpp\", 1763000000, 120\n"
      ".section .debug_str\n{\n$L__info_string0:\n.b8 95,90,0\n}\n");
  const Kernel& kernel = *module.find("test");
  EXPECT_EQ(kernel.describe(0), "line 13 (/usr/include/part.hpp:7): `add.s32 %r1, %r2, %r3;`");
  EXPECT_EQ(kernel.describe(1), "line 16 (/home/me/own.cu:13): `ret;`");
  Module without(module_of("", ".param .u64 p"));
  EXPECT_EQ(without.find("test")->describe(0), "line 13: `ret;`");
}

TEST(PtxParser, SharedMemory) {
  EXPECT_THAT([] { parse(".shared .align 4 .b8 x[4];\nmov.u32 %r1, y;"); },
              refuses("", "unknown register y"));
  EXPECT_THAT([] { parse("mov.u32 %r1, arena;\n.shared .align 4 .b8 x[4];"); },
              refuses("", "shared memory behind instructions"));
  EXPECT_THAT([] { parse(".shared .align 2048 .b8 x[4];"); }, refuses("", "alignment"));
}

TEST(PtxParser, Parameters) {
  const auto declared = [](const std::string& parameters) {
    Module module(module_of("", parameters));
    module.find("test");
  };
  EXPECT_NO_THROW(declared(".param .align 8 .b8 a[128]"));
  for (const char* const bad :
       {".param .pred a", ".param .b4 a", ".param .align 0 .b0 a", ".param .align 0 .b8 a[8]",
        ".param .align 24 .b8 a[8]", ".param .b8 a[-1]", ".param .b8 a[0]", ".param .b8 a[32765]",
        ".param .b8 a[0xffffffffffffffff]", ".param .b64 a[4000], .param .b64 b[1000]"}) {
    EXPECT_THAT([&] { declared(bad); }, refuses("", "parameter")) << bad;
  }
  EXPECT_THAT([] { parse(".shared .align 4 .b8 x[-1];"); }, refuses("", "impossible size"));
  EXPECT_THAT([] { parse(".shared .align 4 .b64 x[1000000];"); }, refuses("", "more shared"));
}

TEST(PtxParser, NumbersThatAreTooLarge) {
  EXPECT_THAT([] { parse("mov.u32 %r1, %r99999999999999999999;"); }, refuses("", "unknown reg"));
  EXPECT_THAT([] { parse("cp.async.wait_group 65536;"); }, refuses("", "number of groups"));
  EXPECT_THAT([] { parse("mov.u32 %r1, 08;"); }, refuses("", "a number expected"));
}

TEST(PtxParser, UnknownDirectives) {
  EXPECT_THAT([] { Module(".version 9.0\n.global .b32 x;"); }, refuses("line 2", ".global"));
}

}  // namespace
}  // namespace moat::ptx
