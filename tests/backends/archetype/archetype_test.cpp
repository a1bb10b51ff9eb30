// SPDX-License-Identifier: Apache-2.0
// Every kernel compiles against the vocabulary alone, and computes what it should there.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "backends/vocabulary/launchers.hpp"
#include "tests/backends/archetype/backend.hpp"
#include "tests/backends/gpu_kernels.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

MOAT_LAUNCHERS_COMPILED_ELSEWHERE(archetype::Backend)

namespace {

class ArchetypeDevice final : public HostMemory {
 public:
  ArchetypeDevice() {
    info_.backend = "archetype";
    info_.name = "vocabulary";
  }
  void run(const Problem& problem) override {
    std::visit([&](const auto& p) { launch(backend_, p); }, problem);
  }

 private:
  archetype::Backend backend_;
};

std::vector<Problem> odd_problems(DType dtype) {
  std::vector<Problem> problems;
  for (const Order order : {Order::row_major, Order::transposed}) {
    problems.emplace_back(GemmProblem{.dtype = dtype, .m = 15, .n = 23, .k = 31, .order_b = order});
    problems.emplace_back(GemmProblem{.dtype = dtype, .m = 1, .n = 6, .k = 2, .order_b = order});
  }
  for (const int kv_len : {40, 41}) {
    for (const int q_len : {1, 13}) {
      for (const bool causal : {false, true}) {
        problems.emplace_back(AttentionProblem{.dtype = dtype,
                                               .batch = 2,
                                               .q_heads = 6,
                                               .kv_heads = 3,
                                               .q_len = q_len,
                                               .kv_len = kv_len,
                                               .head_dim = q_len == 1 ? 128 : 64,
                                               .causal = causal});
      }
    }
  }
  // One item whose keys are shared out, and queries that see no key.
  problems.emplace_back(
      AttentionProblem{.dtype = dtype, .q_heads = 4, .kv_heads = 2, .q_len = 1, .kv_len = 501});
  problems.emplace_back(AttentionProblem{.dtype = dtype, .q_len = 20, .kv_len = 9, .causal = true});
  for (const auto op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
    problems.emplace_back(ReductionProblem{.op = op, .dtype = dtype, .n = 1});
    problems.emplace_back(ReductionProblem{.op = op, .dtype = dtype, .n = 30'001});
  }
  for (const auto op : {RowsOp::softmax, RowsOp::rms_norm}) {
    problems.emplace_back(RowsProblem{.op = op, .dtype = dtype, .rows = 7, .cols = 333});
  }
  return problems;
}

TEST(Archetype, VocabularySufficesForEveryKernel) {
  DeviceList list;
  list.devices.push_back(std::make_unique<ArchetypeDevice>());
  run_kernels(list, odd_problems);
}

}  // namespace
}  // namespace moat
