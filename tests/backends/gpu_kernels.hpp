// SPDX-License-Identifier: Apache-2.0
// Runs every kernel on a real device and checks it against float64.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "backends/device.hpp"
#include "bench/cases/suites.hpp"
#include "bench/verify/verify.hpp"

namespace moat {

// Cases of the suite of edges.
inline std::vector<Problem> edge_problems(DType type) {
  std::vector<Problem> problems;
  for (const Problem& p : find_suite("edges").cases) {
    if (dtype(p) == type) problems.push_back(p);
  }
  return problems;
}

// With larger ones, which reach every special path of GPUs.
inline std::vector<Problem> gpu_problems(DType dtype) {
  std::vector<Problem> problems = edge_problems(dtype);
  using Shape = std::array<int, 3>;
  for (const auto [m, n, k] :
       {Shape{1, 513, 257}, Shape{127, 131, 67}, Shape{1000, 1030, 200}, Shape{520, 776, 328}}) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      problems.emplace_back(GemmProblem{.dtype = dtype, .m = m, .n = n, .k = k, .order_b = order});
    }
  }
  for (const int head_dim : {64, 128}) {
    const AttentionProblem base{.dtype = dtype, .head_dim = head_dim};
    const auto add = [&](int batch, int q_heads, int kv_heads, int q_len, int kv_len, bool causal) {
      AttentionProblem p = base;
      p.batch = batch;
      p.q_heads = q_heads;
      p.kv_heads = kv_heads;
      p.q_len = q_len;
      p.kv_len = kv_len;
      p.causal = causal;
      problems.emplace_back(p);
    };
    add(2, 4, 2, 100, 133, false);
    add(1, 2, 2, 150, 150, true);
    add(2, 8, 2, 1, 3000, true);  // decode, split over the keys
  }
  for (const auto op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
    problems.emplace_back(ReductionProblem{.op = op, .dtype = dtype, .n = 10'000'019});
  }
  for (const auto op : {RowsOp::softmax, RowsOp::rms_norm}) {
    using Size = std::array<int, 2>;
    for (const auto [rows, cols] : {Size{7, 50'021}, Size{5000, 65}}) {
      problems.emplace_back(RowsProblem{.op = op, .dtype = dtype, .rows = rows, .cols = cols});
    }
  }
  return problems;
}

// Solves each problem twice on each device, the second time over the leftovers of the first.
inline void run_kernels(const DeviceList& list, std::vector<Problem> (*problems_of)(DType)) {
  if (list.devices.empty()) GTEST_SKIP() << list.skipped;
  for (const auto& device : list.devices) {
    SCOPED_TRACE(device->info().name);
    for (const DType dtype : kDTypes) {
      const auto problems = problems_of(dtype);
      for (std::size_t i = 0; i < problems.size(); ++i) {
        SCOPED_TRACE(case_name(problems[i]));
        const Inputs inputs(problems[i], i + 1);
        const Verifier verifier(inputs);
        Operands operands(*device, inputs, 2);
        for (int output = 0; output < 2; ++output) {
          const Check check = verify(*device, operands, output, inputs, verifier);
          EXPECT_TRUE(check.passed) << check.message;
        }
      }
    }
  }
}

// Memory, timer and error paths of a real device.
inline void run_device_basics(const DeviceList& list) {
  if (list.devices.empty()) GTEST_SKIP() << list.skipped;
  for (const auto& device : list.devices) {
    const DeviceInfo& info = device->info();
    SCOPED_TRACE(info.name);
    EXPECT_GT(info.compute_units, 0);
    EXPECT_GT(info.memory_bytes, 0u);
    EXPECT_GT(info.cache_bytes, 0u);
    EXPECT_FALSE(info.architecture.empty());

    std::vector<unsigned char> sent(1 << 20, 7);
    std::vector<unsigned char> received(sent.size());
    void* p = device->allocate(sent.size());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 256, 0u);
    device->upload(p, sent.data(), sent.size());
    device->fill(p, 0xab, sent.size() / 2);
    device->download(received.data(), p, received.size());
    EXPECT_EQ(received.front(), 0xab);
    EXPECT_EQ(received[received.size() / 2 - 1], 0xab);
    EXPECT_EQ(received[received.size() / 2], 7);

    device->start_timer();
    for (int i = 0; i < 100; ++i) device->fill(p, 0, sent.size());
    device->stop_timer();
    const double seconds = device->elapsed();
    EXPECT_GT(seconds, 0.0);
    EXPECT_LT(seconds, 1.0);
    device->release(p);

    EXPECT_THROW(device->allocate(info.memory_bytes * 2), OutOfMemory);
    device->synchronize();  // the failed allocation must not stick
  }
}

}  // namespace moat
