// SPDX-License-Identifier: Apache-2.0
// Runs every kernel on a real device and checks it against float64.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <ostream>
#include <vector>

#include "backends/device.hpp"
#include "bench/cases/suites.hpp"
#include "bench/verify/verify.hpp"

namespace moat {

// Cases of the suite of edges.
inline std::vector<Problem> edge_problems(DType type, const DeviceInfo& /*device*/) {
  std::vector<Problem> problems;
  for (const Problem& p : find_suite("edges").cases) {
    if (dtype(p) == type) problems.push_back(p);
  }
  return problems;
}

// With larger ones, which reach every special path of GPUs. How large they must be for that depends
// on the number of units.
inline std::vector<Problem> gpu_problems(DType dtype, const DeviceInfo& device) {
  std::vector<Problem> problems = edge_problems(dtype, device);
  const int units = device.compute_units;
  using Shape = std::array<int, 3>;
  // Of the last three rows are copied as boxes, into tiles of 128 × 256, of which each unit has two
  // at least, and into narrower ones, of 128 columns and of 64.
  for (const auto [m, n, k] :
       {Shape{1, 513, 257}, Shape{127, 131, 67}, Shape{1000, 1030, 200}, Shape{520, 776, 328},
        Shape{260, 256 * units + 8, 72}, Shape{100, 64 * units + 72, 200}, Shape{100, 136, 200}}) {
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
    // Few tiles of queries with many keys are split over these.
    add(2, 8, 2, 1, 3000, true);
    add(1, 1, 1, 70, 2100, true);
  }
  for (const auto op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
    // Four blocks a unit, each of which reduces three times 4096 elements: several steps.
    const std::int64_t n = std::int64_t{4} * units * 2 * 4096 + 19;
    problems.emplace_back(ReductionProblem{.op = op, .dtype = dtype, .n = n});
  }
  for (const auto op : {RowsOp::softmax, RowsOp::rms_norm}) {
    using Size = std::array<int, 2>;
    for (const auto [rows, cols] : {Size{7, 50'021}, Size{5000, 65}}) {
      problems.emplace_back(RowsProblem{.op = op, .dtype = dtype, .rows = rows, .cols = cols});
    }
  }
  return problems;
}

// Solves each problem twice on each device, the second time over the leftovers of the first. A line
// of `log` names each before, so that the last one is that of a device that hangs.
inline void run_kernels(const DeviceList& list,
                        std::vector<Problem> (*problems_of)(DType, const DeviceInfo&),
                        std::ostream& log = std::cerr) {
  if (list.devices.empty()) GTEST_SKIP() << list.skipped;
  for (const auto& device : list.devices) {
    SCOPED_TRACE(device->info().name);
    for (const DType dtype : kDTypes) {
      const auto problems = problems_of(dtype, device->info());
      for (std::size_t i = 0; i < problems.size(); ++i) {
        SCOPED_TRACE(case_name(problems[i]));
        log << case_name(problems[i]) << std::endl;
        const Inputs inputs(problems[i], i + 1);
        const Verifier verifier(inputs, options_for(device->info()));
        Operands operands(*device, inputs, 2);
        const Check first = verify(*device, operands, 0, inputs, verifier);
        EXPECT_TRUE(first.passed) << first.message;
        const Check second =
            verify_once(*device, operands, 1, verifier, [&](const Problem& p) { device->run(p); });
        EXPECT_TRUE(second.passed) << second.message;
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
