// SPDX-License-Identifier: Apache-2.0
// A device in the host's memory that solves f32 GEMM and sums with plain loops, and whose faults a
// test plants.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/host_memory.hpp"

namespace moat {

class NaiveDevice : public HostMemory {
 public:
  explicit NaiveDevice(const char* backend = "cpu") {
    info_.backend = backend;
    info_.host = info_.backend == "cpu";
    info_.name = "Naive";
    info_.architecture = "plain";
    info_.compute_units = 1;
    info_.memory_bytes = std::size_t{1} << 30;
    info_.cache_bytes = 1 << 16;
  }

  // Called with the number of the call (from 1) after each solution, with the right result in
  // place.
  std::function<void(int call, const Problem&)> after = [](int, const Problem&) {};

  // Whether a call does nothing.
  std::function<bool(int call, const Problem&)> skips = [](int, const Problem&) { return false; };

  // Schedules of every GEMM, and with which they were solved; "" is `run`.
  std::vector<std::string> menu;
  std::vector<std::string> ran_with;
  bool refuses_to_list = false;
  std::vector<std::string> schedules(const Problem& problem) override {
    if (refuses_to_list) throw DeviceError("no memory to list");
    return std::holds_alternative<GemmProblem>(problem) ? menu : std::vector<std::string>{};
  }
  void run_with(const std::string& schedule, const Problem& problem) override {
    with_ = schedule;
    run(problem);
    with_.clear();
  }

  // Memory for fewer bytes there is none.
  std::size_t fewest_bytes = 0;

  void* allocate(std::size_t bytes) override {
    if (bytes < fewest_bytes) throw DeviceError("no memory");
    return HostMemory::allocate(bytes);
  }

  void run(const Problem& problem) override {
    ++calls_;
    ran_with.push_back(with_);
    if (skips(calls_, problem)) return;
    if (const auto* gemm = std::get_if<GemmProblem>(&problem)) {
      solve(*gemm);
    } else if (const auto* sum = std::get_if<ReductionProblem>(&problem)) {
      solve(*sum);
    } else {
      throw DeviceError("the naive device has no such kernel");
    }
    after(calls_, problem);
  }
  void start_timer() override {
    calls_before_timer_ = calls_;
    start_ = std::chrono::steady_clock::now();
  }
  // Calls since the timer was started.
  int timed_calls() const { return calls_ - calls_before_timer_; }
  void stop_timer() override { stop_ = std::chrono::steady_clock::now(); }
  double elapsed() override { return std::chrono::duration<double>(stop_ - start_).count(); }

 private:
  static void solve(const GemmProblem& p) {
    const auto* a = static_cast<const float*>(p.a);
    const auto* b = static_cast<const float*>(p.b);
    auto* c = static_cast<float*>(p.c);
    for (int i = 0; i < p.m; ++i) {
      for (int j = 0; j < p.n; ++j) {
        float sum = 0;
        for (int k = 0; k < p.k; ++k) sum += a[i * p.k + k] * b[k * p.n + j];
        c[i * p.n + j] = sum;
      }
    }
  }
  static void solve(const ReductionProblem& p) {
    double sum = 0;
    for (std::int64_t i = 0; i < p.n; ++i) sum += static_cast<const float*>(p.x)[i];
    *static_cast<float*>(p.result) = static_cast<float>(sum);
  }

  std::string with_;
  int calls_ = 0;
  int calls_before_timer_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point stop_;
};

}  // namespace moat
