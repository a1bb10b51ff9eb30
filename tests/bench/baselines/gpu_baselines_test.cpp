// SPDX-License-Identifier: Apache-2.0
// Baselines of the CUDA backend: with a GPU each one's results are verified as a run does, without
// one they say why they are absent.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/baselines/baselines.hpp"
#include "bench/baselines/cub.hpp"
#include "bench/baselines/cublaslt.hpp"
#include "bench/baselines/cudnn.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"
#include "tests/bench/baselines/named_device.hpp"

namespace moat {
namespace {

constexpr std::array<DType, 3> kTypes = {DType::f32, DType::f16, DType::bf16};

DeviceList cuda_devices() {
  for (const BackendEntry& backend : backends()) {
    if (backend.name == "cuda") return backend.list();
  }
  return {.devices = {}, .skipped = "this build has no CUDA backend"};
}

TEST(GpuBaselines, EveryOneIsFoundOrSaysWhyNot) {
  NamedDevice device("cuda");
  const Baselines baselines = open_baselines(device);
  for (const std::string name : {"cublaslt", "cudnn", "cub"}) {
    const bool found = std::ranges::any_of(
        baselines.found, [&](const auto& b) { return b->name() == name && !b->version().empty(); });
    const auto absent = std::ranges::find(baselines.absent, name, &AbsentBaseline::name);
    ASSERT_NE(found, absent != baselines.absent.end()) << name;
    if (!found) {
      EXPECT_FALSE(absent->reason.empty()) << name;
    }
  }
}

// A kernel of a HIP device that no library is called for says so, and the others why they are not
// here.
TEST(GpuBaselines, OfHipAreAbsentWithTheReason) {
  NamedDevice device("hip");
  const Baselines baselines = open_baselines(device);
  EXPECT_TRUE(baselines.found.empty());
  std::string reasons;
  for (const std::string name : {"hipblaslt", "rocblas", "ck", "hipcub", "miopen"}) {
    const auto absent = std::ranges::find(baselines.absent, name, &AbsentBaseline::name);
    ASSERT_NE(absent, baselines.absent.end()) << name;
    reasons += absent->reason + '\n';
  }
  for (const std::string kernel : {"HIP runtime", "attention", "sum", "max", "argmax"}) {
    EXPECT_NE(reasons.find(kernel), std::string::npos) << kernel;
  }
}

TEST(GpuBaselines, WithoutAGpuTheReasonIsTheLibrarysOwn) {
  if (!cuda_devices().devices.empty()) GTEST_SKIP() << "this machine has a GPU";
  NamedDevice device("cuda");
  Baselines baselines;
  open_cublaslt(device, baselines);
  open_cudnn(device, baselines);
  open_cub(device, baselines);
  EXPECT_TRUE(baselines.found.empty());
  ASSERT_EQ(baselines.absent.size(), 3u);
  for (const auto& b : baselines.absent) {
    EXPECT_TRUE(b.reason.find("cublasLt") != std::string::npos ||
                b.reason.find("cudnn") != std::string::npos ||
                b.reason.find("cuda") != std::string::npos ||
                b.reason.find("MOAT_CUDA") != std::string::npos)
        << b.name << ": " << b.reason;
  }
}

// Lengths that fill tiles and do not, one query, and masks on square and on longer keys.
void add_attention(std::vector<Problem>& all, DType dtype) {
  for (const int head_dim : {64, 128}) {
    for (const int kv_heads : {8, 2}) {
      for (const auto& [q_len, kv_len] : {std::array{256, 256}, {77, 77}, {65, 300}, {1, 1000}}) {
        for (const bool causal : {false, true}) {
          all.push_back(AttentionProblem{.dtype = dtype,
                                         .batch = 2,
                                         .q_heads = 8,
                                         .kv_heads = kv_heads,
                                         .q_len = q_len,
                                         .kv_len = kv_len,
                                         .head_dim = head_dim,
                                         .causal = causal,
                                         .scale = 0.2f});
        }
      }
    }
  }
}

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const DType t : kTypes) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      for (const auto& [m, n, k] : {std::array{1, 512, 256}, {128, 128, 64}, {300, 504, 704}}) {
        all.push_back(GemmProblem{.dtype = t, .m = m, .n = n, .k = k, .order_b = order});
      }
      all.push_back(GemmProblem{.dtype = t,
                                .m = 72,
                                .n = 48,
                                .k = 64,
                                .order_b = order,
                                .lda = 80,
                                .ldb = 96,
                                .ldc = 56});
    }
    if (t != DType::f32) add_attention(all, t);
    for (const ReductionOp op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
      for (const std::int64_t n : {1, 1000, 1000003}) {
        all.push_back(ReductionProblem{.op = op, .dtype = t, .n = n});
      }
    }
  }
  return all;
}

TEST(GpuBaselines, AreRightOnEveryDevice) {
  const DeviceList list = cuda_devices();
  if (list.devices.empty()) GTEST_SKIP() << list.skipped;
  for (const auto& device : list.devices) {
    const Baselines baselines = open_baselines(*device);
    for (const auto& b : baselines.absent) ADD_FAILURE() << b.name << ": " << b.reason;
    for (const Problem& problem : problems()) {
      const Inputs inputs(problem, 7);
      const Verifier verifier(inputs, options_for(device->info()));
      int solvers = 0;
      for (const auto& b : baselines.found) {
        if (b->unsupported(problem)) continue;
        ++solvers;
        Operands operands(*device, inputs);
        const Check check = verify(*device, operands, 0, inputs, verifier, b->prepare(problem),
                                   Summation::any_order);
        EXPECT_TRUE(check.passed) << b->name() << ' ' << b->kernel(problem) << ' '
                                  << name_of(dtype(problem)) << ": " << check.message;
      }
      EXPECT_EQ(solvers, 1) << name_of(dtype(problem));
    }
  }
}

// Blocks at the edges that are smaller, and scales that lie as the library takes them or not.
TEST(GpuBaselines, MultiplyBlocksWithScalesWhereTheyHaveThem) {
  const DeviceList list = cuda_devices();
  int solved = 0;
  for (const auto& device : list.devices) {
    const Baselines baselines = open_baselines(*device);
    for (const auto& [m, n, k] : {std::array{64, 128, 128}, {80, 208, 656}, {256, 2112, 1024}}) {
      for (const DType t : {DType::bf16, DType::f16}) {
        const ScaledGemmProblem problem{.dtype = t, .m = m, .n = n, .k = k};
        for (const auto& b : baselines.found) {
          if (b->name() != "cublaslt") continue;
          if (const auto why = b->unsupported(problem)) {
            EXPECT_TRUE(why->find("sm_90 only") != std::string::npos ||
                        why->find("12.9 and later") != std::string::npos)
                << *why;
            continue;
          }
          const auto solve = b->prepare(problem);
          for (const std::uint64_t seed : {7, 8}) {
            const Inputs inputs(problem, seed);
            const Verifier verifier(inputs, options_for(device->info()));
            Operands operands(*device, inputs);
            const Check check =
                verify(*device, operands, 0, inputs, verifier, solve, Summation::any_order);
            EXPECT_TRUE(check.passed) << b->kernel(problem) << ' ' << name_of(t) << ' ' << m << ' '
                                      << n << ' ' << k << ": " << check.message;
            ++solved;
          }
        }
      }
    }
  }
  if (solved == 0) GTEST_SKIP() << "no device here has them; " << list.skipped;
}

}  // namespace
}  // namespace moat
