// SPDX-License-Identifier: Apache-2.0
// The device tests' larger problems, but for the longest vectors: of those planted peaks are looked
// for at hundreds of positions.
#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "backends/cuda/device.hpp"
#include "tests/backends/gpu_kernels.hpp"

namespace moat {
namespace {

std::vector<Problem> larger_problems(DType type) {
  const std::size_t edges = edge_problems(type).size();
  std::vector<Problem> problems = gpu_problems(type);
  problems.erase(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(edges));
  for (Problem& p : problems) {
    auto* const reduction = std::get_if<ReductionProblem>(&p);
    if (reduction != nullptr && reduction->op != ReductionOp::sum) reduction->n = 70'003;
  }
  return problems;
}

TEST(InterpretedCudaDevices, LargerShapes) { run_kernels(list_cuda_devices(), larger_problems); }

}  // namespace
}  // namespace moat
