// SPDX-License-Identifier: Apache-2.0
// What ends the process, each beside what does not.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/executors/amx/interpreted.hpp"

namespace moat::amx {
namespace {

// On a machine that has them, the instructions raise what hardware raises, and name no reason.
class AmxFaults : public Interpreted {
 protected:
  void SetUp() override {
    if (has_matrix_unit()) GTEST_SKIP() << "the processor executes matrix instructions itself";
  }
};

alignas(64) std::uint8_t memory[16 * 64];

void load_configuration(const Configuration& config) {
  asm volatile("ldtilecfg (%0)" ::"r"(&config) : "memory");
}

#define MOAT_RUN(CODE) asm volatile(CODE ::"r"(memory), "r"(std::int64_t{64}) : "memory")

void expect_configuration(const Configuration& config, const char* message) {
  EXPECT_DEATH(load_configuration(config), message);
}

Configuration whole() {
  Configuration c = {};
  c.palette = 1;
  for (int i = 0; i < kTiles; ++i) {
    c.rows[i] = 16;
    c.row_bytes[i] = 64;
  }
  return c;
}

TEST_F(AmxFaults, Configurations) {
  load_configuration(whole());
  const auto with = [](auto change) {
    Configuration c = whole();
    change(c);
    return c;
  };
  expect_configuration(with([](auto& c) { c.palette = 2; }),
                       "matrix interpreter: LDTILECFG at 0x[0-9a-f]+: #GP: there is no palette 2");
  expect_configuration(with([](auto& c) { c.start_row = 1; }), "refused: start row 1");
  expect_configuration(with([](auto& c) { c.reserved[13] = 1; }), "#GP: bytes 2 to 15");
  expect_configuration(with([](auto& c) { c.rows[8] = 1; }), "#GP: palette 1 has no tmm8");
  expect_configuration(with([](auto& c) { c.row_bytes[15] = 4; }), "#GP: palette 1 has no tmm15");
  expect_configuration(with([](auto& c) { c.rows[3] = 17; }), "#GP: 17 rows of tmm3");
  expect_configuration(with([](auto& c) { c.row_bytes[3] = 68; }), "#GP: 68 bytes a row of tmm3");
  expect_configuration(with([](auto& c) { c.rows[4] = 0; }), "#GP: tmm4 has 0 rows of 64 bytes");
  expect_configuration(with([](auto& c) { c.row_bytes[4] = 0; }), "#GP: tmm4 has 16 rows of 0");
}

TEST_F(AmxFaults, TilesThatAreNotConfigured) {
  EXPECT_DEATH(MOAT_RUN("tilezero %%tmm0"), "TILEZERO at .*: #UD: the tiles of this thread are");
  EXPECT_DEATH(
      {
        load_configuration(whole());
        MOAT_RUN("tilerelease\n tileloadd (%0,%1,1), %%tmm0");
      },
      "TILELOADD at .*: #UD: the tiles of this thread are not configured");
  Configuration two = configuration(16, 16, 16);
  two.rows[2] = 0;
  two.row_bytes[2] = 0;
  EXPECT_DEATH(
      {
        load_configuration(two);
        MOAT_RUN("tilestored %%tmm2, (%0,%1,1)");
      },
      "TILESTORED at .*: #UD: tmm2 is not configured");
  EXPECT_DEATH(
      {
        load_configuration(two);
        MOAT_RUN("tdpbf16ps %%tmm2, %%tmm1, %%tmm0");
      },
      "TDPBF16PS at .*: #UD: tmm2 is not configured");
}

// Each operand of a product that does not fit, with every product.
TEST_F(AmxFaults, OperandsThatDoNotFit) {
  Configuration depth = configuration(16, 16, 16);
  depth.rows[2] = 15;
  Configuration rows = configuration(16, 16, 16);
  rows.rows[0] = 15;
  Configuration columns = configuration(16, 16, 16);
  columns.row_bytes[2] = 60;
  Configuration bytes = configuration(16, 16, 16);
  bytes.row_bytes[1] = 62;
  struct Product {
    std::string name;
    void (*run)(const Configuration&);
  };
#define MOAT_RUN_OF(NAME, CAPITALS)             \
  Product {                                     \
    CAPITALS, [](const Configuration& c) {      \
      load_configuration(c);                    \
      MOAT_RUN(NAME " %%tmm2, %%tmm1, %%tmm0"); \
    }                                           \
  }
  for (const auto& [name, run] :
       {MOAT_RUN_OF("tdpbf16ps", "TDPBF16PS"), MOAT_RUN_OF("tdpfp16ps", "TDPFP16PS"),
        MOAT_RUN_OF("tdpbssd", "TDPBSSD"), MOAT_RUN_OF("tdpbsud", "TDPBSUD"),
        MOAT_RUN_OF("tdpbusd", "TDPBUSD"), MOAT_RUN_OF("tdpbuud", "TDPBUUD")}) {
    run(configuration(16, 16, 16));
    EXPECT_DEATH(run(depth), name + " .*#UD: tmm1 has 16 words a row and tmm2 15 rows");
    EXPECT_DEATH(run(rows), name + " .*#UD: tmm0 has 15 rows and tmm1 16");
    EXPECT_DEATH(run(columns), name + " .*#UD: tmm0 has 64 bytes a row and tmm2 60");
    EXPECT_DEATH(run(bytes), name + " .*#UD: 62 bytes a row of tmm1: no multiple of 4");
  }
#undef MOAT_RUN_OF
}

TEST_F(AmxFaults, MovesOfRowsThatAreNoWords) {
  Configuration bytes = whole();
  bytes.row_bytes[0] = 61;
  for (int i = 0; i < 2; ++i) {
    EXPECT_DEATH(
        {
          load_configuration(bytes);
          if (i == 0) MOAT_RUN("tileloadd (%0,%1,1), %%tmm0");
          MOAT_RUN("tilestored %%tmm0, (%0,%1,1)");
        },
        "TILE(LOADD|STORED) at .*: #UD: 61 bytes a row of tmm0: no multiple of 4");
  }
}

// Assemblers refuse these: name tmm2, tmm1, tmm1 and its like.
TEST_F(AmxFaults, OneTileTwice) {
  EXPECT_DEATH(
      {
        load_configuration(whole());
        asm volatile(".byte 0xc4, 0xe2, 0x6a, 0x5c, 0xca");  // tmm1 += tmm2 · tmm2
      },
      "TDPBF16PS at .*: #UD: its tiles are not three");
  EXPECT_DEATH(
      {
        load_configuration(whole());
        asm volatile(".byte 0xc4, 0xe2, 0x62, 0x5e, 0xc9");  // tmm1 += tmm1 · tmm3
      },
      "TDPBSUD at .*: #UD: its tiles are not three");
}

TEST_F(AmxFaults, Encodings) {
  EXPECT_DEATH(
      {
        load_configuration(whole());
        asm volatile("tileloadd (%0), %%tmm1" ::"r"(memory));
      },
      "TILELOADD at .*: refused: no index register");
}

TEST_F(AmxFaults, OtherIllegalInstructionsStayIllegal) {
  EXPECT_EXIT(__builtin_trap(), ::testing::KilledBySignal(SIGILL), "");
}

}  // namespace
}  // namespace moat::amx
