// SPDX-License-Identifier: Apache-2.0
// A loop over the instructions of one unit. Each is compiled with instruction sets of its own, for
// processors that may lack them: its file includes nothing that has inline functions, because the
// linker keeps one copy of those for all files.
#pragma once

namespace moat::cpu {

enum class UnitFactors : unsigned char { f32, bf16, f16, int8 };

struct UnitLoop {
  const char* name;
  UnitFactors factors;
  int m, n, k;
  // Rows of b that lie side by side in memory: b is handed over as [k / group][n][group].
  int group;
  // After so many steps sums of f16 are added to sums of f32; 0: sums are of 32 bits throughout.
  int steps_per_half_sum;
  // sums (m × n, row by row: of f32, or of int32 if the factors are integers) = steps · a · b, for
  // a of m × k. All begin at a multiple of 64 bytes. `steps` is a multiple of 512.
  // Null: this compiler or its assembler does not know the instructions.
  void (*block)(const void* a, const void* b, void* sums, int steps);
};

// Half sums of products of at most 4 stay integers that f16 holds exactly: 512 · 4 = 2¹¹.
inline constexpr int kStepsPerHalfSum = 512;

extern const UnitLoop kFmaAvx512;    // VFMADD231PS of 512 bits
extern const UnitLoop kAvx512Bf16;   // VDPBF16PS of 512 bits
extern const UnitLoop kAvx512Fp16;   // VFMADD231PH of 512 bits
extern const UnitLoop kAvx512Vnni;   // VPDPBUSD of 512 bits
extern const UnitLoop kAvxVnni;      // VPDPBUSD of 256 bits, for processors without AVX-512
extern const UnitLoop kAmxBf16;      // TDPBF16PS
extern const UnitLoop kAmxFp16;      // TDPFP16PS
extern const UnitLoop kAmxInt8;      // TDPBSSD
extern const UnitLoop kHalfVectors;  // FMLA of 8 halves
extern const UnitLoop kBfdot;        // BFDOT of 128 bits
extern const UnitLoop kBfmmla;       // BFMMLA
extern const UnitLoop kSmmla;        // SMMLA

}  // namespace moat::cpu
