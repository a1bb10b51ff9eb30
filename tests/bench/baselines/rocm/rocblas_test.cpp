// SPDX-License-Identifier: Apache-2.0
// The calls of rocBLAS, on a stand-in that does on host memory what its documents say.
#include "bench/baselines/rocblas.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/bench/baselines/rocm/rocm_test.hpp"

namespace moat {
namespace {

RocmStandin standin_of(const std::string& name) {
  return {static_cast<OpenRocm*>(open_rocblas), name};
}

class Rocblas : public testing::Test {
 protected:
  void SetUp() override { state_ = {.major = 4, .minor = 2, .patch = 1}; }

  RocmDevice device_;
  RocmStandin library_ = standin_of("librocblas-standin.so");
  standin::State& state_ = library_.state();
};

TEST_F(Rocblas, MultipliesMatrices) {
  Baselines baselines = library_.open(device_);
  ASSERT_EQ(baselines.found.size(), 1u) << baselines.absent.at(0).reason;
  EXPECT_EQ(baselines.found[0]->name(), "rocblas");
  EXPECT_EQ(baselines.found[0]->version(), "4.2.1.0-abcdef");
  expect_right(device_, *baselines.found[0]);
  EXPECT_GE(state_.solved, std::ssize(products()));
  EXPECT_EQ(state_.stream, device_.stream());
  baselines = {};
  EXPECT_EQ(state_.live, 0) << "the handle was not destroyed";
}

TEST_F(Rocblas, SaysWhatItDoesNotSolve) {
  const Baselines baselines = library_.open(device_);
  Baseline& b = *baselines.found.at(0);
  EXPECT_EQ(b.unsupported(RowsProblem{}), "of rocBLAS, only its matrix product is a baseline");
  EXPECT_EQ(b.unsupported(GemmProblem{.dtype = DType::bf16, .dtype_c = DType::f32}), kSeveralTypes);
  const GemmProblem wide{.lda = std::int64_t{1} << 31};
  EXPECT_EQ(b.unsupported(wide),
            "a leading dimension does not fit rocblas_gemm_ex's 32-bit integers");
  EXPECT_THROW(b.prepare(wide), std::runtime_error);
}

TEST_F(Rocblas, AFailureIsNamedByCallAndStatus) {
  {
    const Baselines baselines = library_.open(device_);
    state_.failing = "rocblas_gemm_ex";
    for (const auto& [status, name] :
         {std::pair{4, "rocblas_status_invalid_size"}, {6, "rocblas_status_internal_error"}}) {
      state_.status = status;
      EXPECT_EQ(message([&] { solve_once(device_, *baselines.found.at(0), GemmProblem{}); }),
                std::string("rocblas_gemm_ex: ") + name);
    }
  }
  for (const std::string call : {"rocblas_create_handle", "rocblas_set_stream"}) {
    state_.failing = call;
    state_.status = 3;
    EXPECT_EQ(library_.absence(device_), call + ": rocblas_status_invalid_pointer");
  }
  EXPECT_EQ(state_.live, 0);
}

TEST_F(Rocblas, OfAnotherVersionIsRefused) {
  for (const int major : {1, 6}) {
    state_.major = major;
    EXPECT_EQ(library_.absence(device_), "its version is " + std::to_string(major) +
                                             ".2.1.0-abcdef, and it is called as 2 to 5 have it");
  }
  EXPECT_EQ(state_.live, 0);
}

TEST_F(Rocblas, ALibraryThatWillNotDoIsNamedWithTheReason) {
  const std::string missing = standin_of("librocblas-nothing.so").absence(device_);
  for (const char* part : {"librocblas-nothing.so", MOAT_STANDINS, "LD_LIBRARY_PATH"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << missing;
  }
  EXPECT_EQ(standin_of("librocblas-incomplete.so").absence(device_),
            "librocblas-incomplete.so has no rocblas_gemm_ex");
  EXPECT_EQ(standin_of("librocblas-own-runtime.so").absence(device_),
            "librocblas-own-runtime.so uses another HIP runtime than this program (7.0.51831)");
}

// The library itself would end the process.
TEST_F(Rocblas, WithoutKernelsForTheArchitectureIsNotCalled) {
  RocmDevice other("7.0.51831", "gfx906");
  const std::string reason = library_.absence(other);
  for (const char* part :
       {"no kernels for gfx906", MOAT_STANDINS "/rocblas/library", "ROCBLAS_TENSILE_LIBPATH"}) {
    EXPECT_NE(reason.find(part), std::string::npos) << reason;
  }
  EXPECT_EQ(state_.live, 0);
}

}  // namespace
}  // namespace moat
