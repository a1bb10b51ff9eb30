// SPDX-License-Identifier: Apache-2.0
// Four tiles of sums, of two tiles of rows and two of columns. In assembly, which needs no option
// of the compiler: MOAT_AMX and MOAT_AMX_FP16 say what the assembler knows.
#include "backends/cpu/unit_loops/unit_loop.hpp"

namespace moat::cpu {
namespace {

constexpr int kSide = 32;  // two tiles of 16 rows; of b two of 16 columns

#ifdef MOAT_AMX
// Intel SDM, LDTILECFG: palette 1, then bytes of a row and rows of each tile.
struct alignas(64) TileConfig {
  unsigned char palette;
  unsigned char start_row;
  unsigned char reserved[14];
  unsigned short row_bytes[16];
  unsigned char rows[16];
};
static_assert(sizeof(TileConfig) == 64);

constexpr TileConfig kWholeTiles{
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

// What another library configured for this thread is there again afterwards: some configure their
// tiles once and remember that they did. Rows of a and of b have 64 and 128 bytes, those of the
// sums 128.
#define MOAT_TILE_PRODUCT(instruction)                                                    \
  TileConfig before;                                                                      \
  const auto* left = static_cast<const char*>(a);                                         \
  const auto* right = static_cast<const char*>(b);                                        \
  auto* out = static_cast<char*>(sums);                                                   \
  long count = steps;                                                                     \
  asm volatile(                                                                           \
      "sttilecfg %[before]\n\t"                                                           \
      "ldtilecfg %[whole]\n\t"                                                            \
      "tilezero %%tmm0\n\t"                                                               \
      "tilezero %%tmm1\n\t"                                                               \
      "tilezero %%tmm2\n\t"                                                               \
      "tilezero %%tmm3\n\t"                                                               \
      "tileloadd (%[left],%[narrow],1), %%tmm4\n\t"                                       \
      "tileloadd 1024(%[left],%[narrow],1), %%tmm5\n\t"                                   \
      "tileloadd (%[right],%[wide],1), %%tmm6\n\t"                                        \
      "tileloadd 64(%[right],%[wide],1), %%tmm7\n\t"                                      \
      "1:\n\t" instruction " %%tmm6, %%tmm4, %%tmm0\n\t" instruction                      \
      " %%tmm7, %%tmm4, %%tmm1\n\t" instruction " %%tmm6, %%tmm5, %%tmm2\n\t" instruction \
      " %%tmm7, %%tmm5, %%tmm3\n\t"                                                       \
      "decq %[count]\n\t"                                                                 \
      "jnz 1b\n\t"                                                                        \
      "tilestored %%tmm0, (%[out],%[wide],1)\n\t"                                         \
      "tilestored %%tmm1, 64(%[out],%[wide],1)\n\t"                                       \
      "tilestored %%tmm2, 2048(%[out],%[wide],1)\n\t"                                     \
      "tilestored %%tmm3, 2112(%[out],%[wide],1)\n\t"                                     \
      "tilerelease\n\t"                                                                   \
      : [count] "+r"(count), [before] "=m"(before)                                        \
      : [whole] "m"(kWholeTiles), [left] "r"(left), [right] "r"(right), [out] "r"(out),   \
        [narrow] "r"(64L), [wide] "r"(128L)                                               \
      : "memory", "cc");                                                                  \
  if (before.palette != 0) asm volatile("ldtilecfg %0" : : "m"(before))

void bf16_block(const void* a, const void* b, void* sums, int steps) {
  MOAT_TILE_PRODUCT("tdpbf16ps");
}

void int8_block(const void* a, const void* b, void* sums, int steps) {
  MOAT_TILE_PRODUCT("tdpbssd");
}
#else
constexpr decltype(UnitLoop::block) bf16_block = nullptr;
constexpr decltype(UnitLoop::block) int8_block = nullptr;
#endif

#ifdef MOAT_AMX_FP16
void fp16_block(const void* a, const void* b, void* sums, int steps) {
  MOAT_TILE_PRODUCT("tdpfp16ps");
}
#else
constexpr decltype(UnitLoop::block) fp16_block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAmxBf16{"amx-bf16", UnitFactors::bf16, kSide, kSide, 32, 2,
                                  0,          bf16_block};
constinit const UnitLoop kAmxFp16{"amx-fp16", UnitFactors::f16, kSide, kSide, 32, 2, 0, fp16_block};
constinit const UnitLoop kAmxInt8{"amx-int8", UnitFactors::int8, kSide, kSide, 64, 4,
                                  0,          int8_block};

}  // namespace moat::cpu
