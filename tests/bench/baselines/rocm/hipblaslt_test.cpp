// SPDX-License-Identifier: Apache-2.0
// The calls of hipBLASLt, on a stand-in that does on host memory what its documents say.
#include "bench/baselines/hipblaslt.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/bench/baselines/rocm/rocm_test.hpp"

namespace moat {
namespace {

RocmStandin standin_of(const std::string& name) {
  return {static_cast<OpenRocm*>(open_hipblaslt), name};
}

class HipblasLt : public testing::Test {
 protected:
  void SetUp() override { state_ = {.major = 0, .minor = 8, .patch = 1}; }

  RocmDevice device_;
  RocmStandin library_ = standin_of("libhipblaslt-standin.so");
  standin::State& state_ = library_.state();
};

TEST_F(HipblasLt, MultipliesMatrices) {
  const Baselines baselines = library_.open(device_);
  ASSERT_EQ(baselines.found.size(), 1u) << baselines.absent.at(0).reason;
  Baseline& b = *baselines.found[0];
  EXPECT_EQ(b.name(), "hipblaslt");
  EXPECT_EQ(b.version(), "0.8.1");
  expect_right(device_, b);
  EXPECT_GE(state_.solved, std::ssize(products()));
}

TEST_F(HipblasLt, WorksInItsWorkspaceOnTheDevicesStream) {
  Baselines baselines = library_.open(device_);
  Baseline& b = *baselines.found.at(0);
  const GemmProblem p{.dtype = DType::bf16, .m = 3, .n = 4, .k = 5};
  EXPECT_EQ(b.kernel(p), "solution 4711, workspace 4096 bytes");
  EXPECT_TRUE(solve_once(device_, b, p).passed);
  EXPECT_EQ(state_.stream, device_.stream());
  EXPECT_NE(state_.workspace, nullptr);
  EXPECT_EQ(state_.workspace_bytes, 4096u);
  EXPECT_EQ(state_.workspace_limit, std::size_t{128} << 20);
  baselines = {};
  EXPECT_EQ(state_.live, 0) << "what was created was not destroyed";
}

TEST_F(HipblasLt, SaysWhatItDoesNotSolve) {
  const Baselines baselines = library_.open(device_);
  Baseline& b = *baselines.found.at(0);
  EXPECT_EQ(b.unsupported(RowsProblem{}), "hipBLASLt has matrix products only");
  const GemmProblem mixed{.dtype = DType::bf16, .dtype_c = DType::f32};
  EXPECT_EQ(b.unsupported(mixed), kSeveralTypes);
  const GemmProblem p{.dtype = DType::f16, .m = 3, .n = 4, .k = 5};
  for (const bool refused : {false, true}) {
    state_.no_algorithm = !refused;
    if (refused) state_.failing = "hipblasLtMatmulAlgoGetHeuristic";
    state_.status = 7;
    EXPECT_EQ(b.unsupported(p), "hipBLASLt 0.8.1 has no algorithm for this product in f16");
    EXPECT_THROW(b.prepare(p), std::runtime_error);
    EXPECT_THROW(b.kernel(p), std::runtime_error);
  }
  state_.status = 8;
  EXPECT_EQ(b.unsupported(p), "hipblasLtMatmulAlgoGetHeuristic: HIPBLAS_STATUS_ARCH_MISMATCH");
}

TEST_F(HipblasLt, AFailureIsNamedByCallAndStatus) {
  {
    const Baselines baselines = library_.open(device_);
    const GemmProblem p{.m = 3, .n = 4, .k = 5};
    for (const char* call : {"hipblasLtMatmulDescCreate", "hipblasLtMatmulDescSetAttribute",
                             "hipblasLtMatrixLayoutCreate", "hipblasLtMatmulPreferenceCreate",
                             "hipblasLtMatmulPreferenceSetAttribute"}) {
      state_.failing = call;
      state_.status = 2;
      EXPECT_EQ(baselines.found.at(0)->unsupported(p),
                std::string(call) + ": HIPBLAS_STATUS_ALLOC_FAILED");
    }
    state_.failing = {};
    const auto solve = baselines.found[0]->prepare(p);
    state_.failing = "hipblasLtMatmul";
    for (const auto& [status, name] :
         {std::pair{5, "HIPBLAS_STATUS_EXECUTION_FAILED"}, {99, "hipblasStatus_t 99"}}) {
      state_.status = status;
      EXPECT_EQ(message([&] { solve_once(device_, *baselines.found[0], p); }),
                std::string("hipblasLtMatmul: ") + name);
    }
  }
  state_.failing = "hipblasLtCreate";
  state_.status = 1;
  EXPECT_EQ(library_.absence(device_), "hipblasLtCreate: HIPBLAS_STATUS_NOT_INITIALIZED");
  EXPECT_EQ(state_.live, 0);
}

TEST_F(HipblasLt, OfAnotherVersionIsRefused) {
  state_.major = 2;
  EXPECT_EQ(library_.absence(device_),
            "its version is 2.8.1, and it is called as 0.6 to 1 have it");
  state_ = {.major = 0, .minor = 5};
  EXPECT_NE(library_.absence(device_).find("its version is 0.5.0"), std::string::npos);
  state_ = {.major = 1, .minor = 2, .patch = 34};
  const Baselines baselines = library_.open(device_);
  EXPECT_EQ(baselines.found.at(0)->version(), "1.2.34");
}

TEST_F(HipblasLt, ALibraryThatWillNotDoIsNamedWithTheReason) {
  const std::string missing = standin_of("libhipblaslt-nothing.so").absence(device_);
  for (const char* part : {"libhipblaslt-nothing.so", MOAT_STANDINS, "LD_LIBRARY_PATH"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << missing;
  }
  EXPECT_EQ(standin_of("libhipblaslt-incomplete.so").absence(device_),
            "libhipblaslt-incomplete.so has no hipblasLtMatmul");
  EXPECT_EQ(standin_of("libhipblaslt-own-runtime.so").absence(device_),
            "libhipblaslt-own-runtime.so uses another HIP runtime than this program (7.0.51831)");
}

TEST_F(HipblasLt, GoesWithTheDevicesRuntimeAndArchitecture) {
  RocmDevice older("5.2.21153");
  EXPECT_EQ(library_.absence(older),
            "it is called with ROCm 7 only, and the HIP runtime is 5.2.21153");
  RocmDevice untold("");
  EXPECT_EQ(library_.absence(untold), "the device tells no version of its HIP runtime");
  RocmDevice other("7.0.51831", "gfx906");
  const std::string reason = library_.absence(other);
  for (const char* part :
       {"no kernels for gfx906", MOAT_STANDINS "/hipblaslt/library", "HIPBLASLT_TENSILE_LIBPATH"}) {
    EXPECT_NE(reason.find(part), std::string::npos) << reason;
  }
}

}  // namespace
}  // namespace moat
