// SPDX-License-Identifier: Apache-2.0
// What the tests of ROCm's libraries share: a device in host memory, and stand-ins.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/baselines/baselines.hpp"
#include "bench/baselines/rocm_library.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"
#include "tests/bench/baselines/rocm/standin.hpp"
#include "tests/support/host_memory.hpp"

namespace moat {

// A device of the HIP backend as far as libraries see one. It solves nothing itself.
class RocmDevice final : public HostMemory {
 public:
  explicit RocmDevice(const std::string& runtime = "7.0.51831",
                      const std::string& architecture = "gfx942:sramecc+:xnack-") {
    info_.backend = "hip";
    info_.name = "in host memory";
    info_.runtime = runtime;
    info_.architecture = architecture;
  }

  void run(const Problem&) override { throw DeviceError("this device has no kernels"); }
  void* stream() override { return &stream_; }

 private:
  int stream_ = 0;
};

// How a baseline of ROCm is opened from files and a folder.
using OpenRocm = void(Device&, std::span<const RocmFile>, const std::string& folder, Baselines&);

// A library's stand-in.
class RocmStandin {
 public:
  // `name` is that of a file beside the test, for ROCm 7.
  RocmStandin(OpenRocm* how, std::string name) : open_(how), files_{RocmFile{7, std::move(name)}} {}

  standin::State& state() const {
    const SharedLibrary library(files_[0].name, MOAT_STANDINS);
    return *library.symbol<standin::State*()>("standin_state")();
  }

  Baselines open(Device& device) const {
    Baselines baselines;
    open_(device, files_, MOAT_STANDINS, baselines);
    return baselines;
  }

  // Why the baseline is absent on a device.
  std::string absence(Device& device) const {
    const Baselines baselines = open(device);
    return baselines.absent.empty() ? "it is there" : baselines.absent.at(0).reason;
  }

 private:
  OpenRocm* open_;
  std::array<RocmFile, 1> files_;
};

// A call on random operands, in the bound's terms.
inline Check solve_once(Device& device, Baseline& baseline, const Problem& problem) {
  const Inputs inputs(problem, 7);
  const Verifier verifier(inputs);
  Operands operands(device, inputs);
  return verify(device, operands, 0, inputs, verifier, baseline.prepare(problem),
                Summation::any_order);
}

// Both orders of B, one row, odd extents, and rows that are apart.
inline std::vector<GemmProblem> products() {
  std::vector<GemmProblem> all;
  for (const DType t : {DType::f32, DType::f16, DType::bf16}) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      for (const auto& [m, n, k] : {std::array{1, 1, 1}, {1, 64, 33}, {37, 1, 19}, {35, 51, 67}}) {
        const int width = order == Order::transposed ? k : n;
        all.push_back({.dtype = t, .m = m, .n = n, .k = k, .order_b = order});
        all.push_back({.dtype = t,
                       .m = m,
                       .n = n,
                       .k = k,
                       .order_b = order,
                       .lda = k + 3,
                       .ldb = width + 5,
                       .ldc = n + 7});
      }
    }
  }
  return all;
}

// Solves each of them, and verifies it as a run does.
inline void expect_right(Device& device, Baseline& b) {
  for (const GemmProblem& p : products()) {
    ASSERT_FALSE(b.unsupported(p)) << *b.unsupported(p);
    const Check check = solve_once(device, b, p);
    EXPECT_TRUE(check.passed) << name_of(p.dtype) << ' ' << p.m << ' ' << p.n << ' ' << p.k
                              << (p.order_b == Order::transposed ? " bt " : " ") << p.lda << ": "
                              << check.message;
  }
}

// What f throws.
inline std::string message(const auto& f) {
  try {
    f();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "nothing thrown";
}

}  // namespace moat
