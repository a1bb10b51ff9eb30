// SPDX-License-Identifier: Apache-2.0
// What a test sets and sees of the stand-in for oneDNN 3.
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

namespace standin {

struct State {
  dnnl_version_t version{.major = 3,
                         .minor = STANDIN_MINOR,
                         .patch = 1,
                         .hash = "",
                         .cpu_runtime = DNNL_RUNTIME_OMP,
                         .gpu_runtime = 0};
  dnnl::cpu_isa isa = dnnl::cpu_isa::avx512_core_fp16;
  // Kinds of primitives, such as "matmul", of which it has reference code only, or nothing.
  std::vector<std::string> reference{};
  std::vector<std::string> missing{};
  // Each primitive that ran, such as "matmul f32 2x3 · f32 3x4 > f32 2x4".
  std::vector<std::string> ran{};
};

State& state();

}  // namespace standin
