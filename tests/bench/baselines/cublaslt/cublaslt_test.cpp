// SPDX-License-Identifier: Apache-2.0
// The calls of cuBLASLt, on a stand-in that does on host memory what its documentation says.
#include "bench/baselines/cublaslt.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/baselines/shared_library.hpp"
#include "tests/bench/baselines/library_test.hpp"

namespace moat {
namespace {

constexpr const char* kStandin = "libcublaslt-standin.so";

// A device of the CUDA backend as far as the library sees one. It solves nothing itself.
class CudaDevice final : public HostMemory {
 public:
  explicit CudaDevice(const std::string& architecture = "sm_90a") {
    info_.backend = "cuda";
    info_.name = "in host memory";
    info_.architecture = architecture;
  }

  void run(const Problem&) override { throw DeviceError("this device has no kernels"); }
  void* stream() override { return &stream_; }

 private:
  int stream_ = 0;
};

Baselines open_standin(Device& device, const std::string& file = kStandin) {
  Baselines baselines;
  open_cublaslt(device, file, MOAT_STANDINS, baselines);
  return baselines;
}

// Why the baseline is absent.
std::string absence(Device& device, const std::string& file = kStandin) {
  const Baselines baselines = open_standin(device, file);
  return baselines.absent.empty() ? "it is there" : baselines.absent.at(0).reason;
}

class CublasLt : public testing::Test {
 protected:
  void SetUp() override { state_ = {.major = 13, .minor = 1, .patch = 2}; }

  CudaDevice device_;
  standin::State& state_ =
      *SharedLibrary(kStandin, MOAT_STANDINS).symbol<standin::State*()>("standin_state")();
};

TEST_F(CublasLt, MultipliesMatrices) {
  const Baselines baselines = open_standin(device_);
  ASSERT_EQ(baselines.found.size(), 1u) << baselines.absent.at(0).reason;
  Baseline& b = *baselines.found[0];
  EXPECT_EQ(b.name(), "cublaslt");
  EXPECT_EQ(b.version(), "13.1.2");
  expect_right(device_, b);
  EXPECT_EQ(state_.solved, std::ssize(products()));
}

TEST_F(CublasLt, WorksInItsWorkspaceOnTheDevicesStream) {
  Baselines baselines = open_standin(device_);
  Baseline& b = *baselines.found.at(0);
  const ScaledGemmProblem p{.m = 4, .n = 8, .k = 272};
  EXPECT_TRUE(solve_once(device_, b, p).passed);
  EXPECT_EQ(state_.stream, device_.stream());
  EXPECT_NE(state_.workspace, nullptr);
  EXPECT_EQ(state_.workspace_bytes, 4096u);
  EXPECT_EQ(state_.workspace_limit, std::size_t{32} << 20);
  baselines = {};
  EXPECT_EQ(state_.live, 0) << "what was created was not destroyed";
}

// Scales of A and B lie as the library takes them or not: of one step's blocks, and with a multiple
// of 4 blocks of k. Blocks at the edges are smaller.
TEST_F(CublasLt, MultipliesBlocksWithScales) {
  const Baselines baselines = open_standin(device_);
  Baseline& b = *baselines.found.at(0);
  const std::string algorithm = "algorithm 4711, tile 101, stages 106, split-K 102";
  const std::string move = "cublasLtMatrixTransform + ";
  struct Shape {
    int m, n, k;
    int moves;
  };
  for (const Shape& s : {Shape{4, 8, 16, 1},
                         {12, 136, 128, 1},
                         {20, 264, 144, 2},
                         {36, 128, 512, 1},
                         {132, 136, 1024, 1},
                         {8, 264, 640, 2},
                         {260, 16, 528, 2}}) {
    for (const DType t : {DType::bf16, DType::f16}) {
      const ScaledGemmProblem p{.dtype = t, .m = s.m, .n = s.n, .k = s.k};
      const std::string which = std::to_string(s.m) + ' ' + std::to_string(s.n) + ' ' +
                                std::to_string(s.k) + ' ' + std::string(name_of(t));
      ASSERT_EQ(b.unsupported(p), std::nullopt) << which;
      state_.moved = 0;
      const Check check = solve_once(device_, b, p);
      EXPECT_TRUE(check.passed) << which << ": " << check.message;
      EXPECT_EQ(state_.moved, s.moves) << which;
      EXPECT_EQ(b.kernel(p), (s.moves > 0 ? move : "") + (s.moves > 1 ? move : "") + algorithm)
          << which;
    }
  }
}

// One prepared call on operands at several places and of several values.
TEST_F(CublasLt, ScalesAreThoseOfTheCall) {
  const Baselines baselines = open_standin(device_);
  for (const int k : {112, 512, 640}) {
    const ScaledGemmProblem p{.m = 20, .n = 136, .k = k};
    const auto solve = baselines.found.at(0)->prepare(p);
    std::vector<Operands> kept;  // no two in the same memory
    for (const std::uint64_t seed : {7, 8, 9}) {
      const Inputs inputs(p, seed);
      const Verifier verifier(inputs);
      Operands& operands = kept.emplace_back(device_, inputs);
      const Check check =
          verify(device_, operands, 0, inputs, verifier, solve, Summation::any_order);
      EXPECT_TRUE(check.passed) << k << ' ' << seed << ": " << check.message;
    }
  }
}

TEST_F(CublasLt, SaysWhatItDoesNotSolve) {
  const Baselines baselines = open_standin(device_);
  Baseline& b = *baselines.found.at(0);
  EXPECT_EQ(b.unsupported(RowsProblem{}), "cuBLASLt has matrix products only");
  const GemmProblem mixed{.dtype = DType::bf16, .dtype_c = DType::f32};
  EXPECT_EQ(b.unsupported(mixed), kSeveralTypes);
  const std::pair<Problem, std::string> refused[] = {
      {GemmProblem{.dtype = DType::f16, .m = 3, .n = 4, .k = 5},
       "cuBLASLt 13.1.2 has no algorithm for this product in f16"},
      {ScaledGemmProblem{.m = 4, .n = 8, .k = 16},
       "cuBLASLt 13.1.2 has no algorithm for this product in e4m3"}};
  for (const auto& [p, reason] : refused) {
    for (const bool status : {false, true}) {
      state_.no_algorithm = !status;
      state_.failing = status ? "cublasLtMatmulAlgoGetHeuristic" : "";
      state_.status = 15;
      EXPECT_EQ(b.unsupported(p), reason);
      EXPECT_THROW(b.prepare(p), std::runtime_error);
      EXPECT_THROW(b.kernel(p), std::runtime_error);
    }
    state_.status = 7;
    EXPECT_EQ(b.unsupported(p), "cublasLtMatmulAlgoGetHeuristic: CUBLAS_STATUS_INVALID_VALUE");
    state_ = {.major = 13, .minor = 1, .patch = 2};
  }
}

TEST_F(CublasLt, SaysWhichBlocksItDoesNotMultiply) {
  const Baselines baselines = open_standin(device_);
  const Baseline& b = *baselines.found.at(0);
  const auto why = [&](const ScaledGemmProblem& p) {
    EXPECT_EQ(message([&] { baselines.found[0]->prepare(p); }), b.unsupported(p));
    return b.unsupported(p).value_or("it is solved");
  };
  EXPECT_EQ(why({.code = Code::e4m3fnuz, .m = 4, .n = 8, .k = 16}),
            "cuBLASLt has no numbers in e4m3fnuz");
  EXPECT_EQ(why({.m = 4, .n = 8, .k = 16, .ue8m0 = true}),
            "cuBLASLt has scales of blocks of 128 in f32 only, not in ue8m0");
  const std::string multiples = "cuBLASLt takes multiples of 4 for m, 8 for n and 16 for k";
  for (const auto& [m, n, k] : {std::array{1, 8, 16}, {6, 8, 16}, {4, 12, 16}, {4, 8, 24}}) {
    EXPECT_EQ(why({.m = m, .n = n, .k = k}), multiples);
  }
  EXPECT_EQ(why({.dtype = DType::f32, .m = 4, .n = 6, .k = 16}),
            "cuBLASLt takes multiples of 4 for m, 4 for n and 16 for k");
  CudaDevice other("sm_80");
  EXPECT_EQ(
      open_standin(other).found.at(0)->unsupported(ScaledGemmProblem{.m = 4, .n = 8, .k = 16}),
      "cuBLASLt has scales of blocks of 128 on sm_90 only, and this is sm_80");
}

// Whether it tells by its version or by refusing the attribute.
TEST_F(CublasLt, OfAnOlderReleaseHasNoScalesOfBlocks) {
  const Baselines baselines = open_standin(device_);
  const Baseline& b = *baselines.found.at(0);
  const ScaledGemmProblem p{.m = 4, .n = 8, .k = 16};
  state_ = {.major = 12, .minor = 8, .patch = 4};
  EXPECT_EQ(b.unsupported(p),
            "cuBLASLt 12.8.4 has no scales of blocks of 128, as 12.9 and later have");
  EXPECT_EQ(b.unsupported(GemmProblem{.m = 3, .n = 4, .k = 5}), std::nullopt);
  state_ = {.major = 12, .minor = 9, .patch = 0};
  EXPECT_EQ(b.unsupported(p), std::nullopt);
  state_.failing = "cublasLtMatmulDescSetAttribute";
  state_.status = 15;
  EXPECT_EQ(b.unsupported(p), "cublasLtMatmulDescSetAttribute: CUBLAS_STATUS_NOT_SUPPORTED");
}

TEST_F(CublasLt, AFailureIsNamedByCallAndStatus) {
  {
    const Baselines baselines = open_standin(device_);
    const ScaledGemmProblem p{.m = 4, .n = 8, .k = 272};
    for (const char* call :
         {"cublasLtMatmulDescCreate", "cublasLtMatmulDescSetAttribute",
          "cublasLtMatrixLayoutCreate", "cublasLtMatmulPreferenceCreate",
          "cublasLtMatmulPreferenceSetAttribute", "cublasLtMatrixTransformDescCreate",
          "cublasLtMatrixTransformDescSetAttribute"}) {
      state_.failing = call;
      state_.status = 3;
      EXPECT_EQ(message([&] { baselines.found.at(0)->prepare(p); }),
                std::string(call) + ": CUBLAS_STATUS_ALLOC_FAILED");
    }
    state_.failing = {};
    const auto solve = baselines.found[0]->prepare(p);
    for (const char* call : {"cublasLtMatrixTransform", "cublasLtMatmul"}) {
      state_.failing = call;
      state_.status = 13;
      EXPECT_EQ(message([&] { solve_once(device_, *baselines.found[0], p); }),
                std::string(call) + ": CUBLAS_STATUS_EXECUTION_FAILED");
    }
  }
  state_.failing = "cublasLtCreate";
  state_.status = 1;
  EXPECT_EQ(absence(device_), "cublasLtCreate: CUBLAS_STATUS_NOT_INITIALIZED");
  EXPECT_EQ(state_.live, 0);
}

TEST_F(CublasLt, ALibraryThatWillNotDoIsNamedWithTheReason) {
  const std::string missing = absence(device_, "libcublaslt-nothing.so");
  for (const char* part : {"libcublaslt-nothing.so", MOAT_STANDINS, "LD_LIBRARY_PATH"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << missing;
  }
  EXPECT_EQ(absence(device_, "libcublaslt-incomplete.so"),
            "libcublaslt-incomplete.so has no cublasLtMatrixTransform");
}

}  // namespace
}  // namespace moat
