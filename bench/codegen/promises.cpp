#include "bench/codegen/gate.hpp"

namespace moat::codegen {

// Products of 16-bit types: the instructions of the atoms in backends/cuda and backends/hip. On
// sm_90a tiles of few rows use a warp's instruction. LLVM spells gfx90a's with or without the last
// underscore.
const std::vector<Promise>& promises() {
  static const std::vector<Promise> all = {
      {.family = "cdna",
       .dtype = "bf16",
       .kernels = {"gemm", "attention"},
       .instructions = {"v_mfma_f32_16x16x16_bf16", "v_mfma_f32_16x16x16bf16"}},
      {.family = "cdna",
       .dtype = "f16",
       .kernels = {"gemm", "attention"},
       .instructions = {"v_mfma_f32_16x16x16_f16", "v_mfma_f32_16x16x16f16"}},
      {.family = "rdna3",
       .dtype = "bf16",
       .kernels = {"gemm", "attention"},
       .instructions = {"v_wmma_f32_16x16x16_bf16"}},
      {.family = "rdna3",
       .dtype = "f16",
       .kernels = {"gemm", "attention"},
       .instructions = {"v_wmma_f32_16x16x16_f16"}},
      {.family = "sm_80",
       .dtype = "bf16",
       .kernels = {"gemm", "attention"},
       .instructions = {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"}},
      {.family = "sm_80",
       .dtype = "f16",
       .kernels = {"gemm", "attention"},
       .instructions = {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"}},
      {.family = "sm_90a",
       .dtype = "bf16",
       .kernels = {"gemm", "attention"},
       .instructions = {"wgmma.mma_async.sync.aligned.m64",
                        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"}},
      {.family = "sm_90a",
       .dtype = "f16",
       .kernels = {"gemm", "attention"},
       .instructions = {"wgmma.mma_async.sync.aligned.m64",
                        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"}},
  };
  return all;
}

}  // namespace moat::codegen
