// SPDX-License-Identifier: Apache-2.0
// The calls of MIOpen, on a stand-in that does on host memory what its documents say.
#include "bench/baselines/miopen.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/bench/baselines/rocm/rocm_test.hpp"

namespace moat {
namespace {

constexpr std::array kTypes = {DType::f32, DType::f16, DType::bf16};

RocmStandin standin_of(const std::string& name) {
  return {static_cast<OpenRocm*>(open_miopen), name};
}

class Miopen : public testing::Test {
 protected:
  void SetUp() override { state_ = {.major = 3, .minor = 5, .patch = 1}; }

  RocmDevice device_;
  RocmStandin library_ = standin_of("libmiopen-standin.so");
  standin::State& state_ = library_.state();
};

TEST_F(Miopen, SolvesSoftmax) {
  Baselines baselines = library_.open(device_);
  ASSERT_EQ(baselines.found.size(), 1u) << baselines.absent.at(0).reason;
  EXPECT_EQ(baselines.found[0]->name(), "miopen");
  EXPECT_EQ(baselines.found[0]->version(), "3.5.1");
  for (const DType t : kTypes) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {1, 4097}, {7, 31}, {64, 300}}) {
      const RowsProblem p{.dtype = t, .rows = rows, .cols = cols};
      ASSERT_FALSE(baselines.found[0]->unsupported(p)) << *baselines.found[0]->unsupported(p);
      const Check check = solve_once(device_, *baselines.found[0], p);
      EXPECT_TRUE(check.passed) << name_of(t) << ' ' << rows << ' ' << cols << ": "
                                << check.message;
    }
  }
  EXPECT_EQ(state_.stream, device_.stream());
  baselines = {};
  EXPECT_EQ(state_.live, 0) << "what was created was not destroyed";
}

TEST_F(Miopen, ATypeThatItLacksOrAddsUpInItselfIsUnsupported) {
  state_.no_algorithm = true;
  state_.sums_in_operands_type = true;
  const Baselines baselines = library_.open(device_);
  Baseline& b = *baselines.found.at(0);
  EXPECT_EQ(b.unsupported(RowsProblem{.dtype = DType::f32}), std::nullopt);
  const std::string halves = b.unsupported(RowsProblem{.dtype = DType::f16}).value_or("");
  EXPECT_NE(halves.find("% in f16, in a row of 65536 elements"), std::string::npos) << halves;
  const RowsProblem bf16{.dtype = DType::bf16};
  EXPECT_EQ(b.unsupported(bf16), "miopenSoftmaxForward_V2: miopenStatusNotImplemented");
  EXPECT_THROW(b.prepare(bf16), std::runtime_error);
  const int solved = state_.solved;
  b.unsupported(RowsProblem{.dtype = DType::f16, .rows = 9});
  EXPECT_EQ(state_.solved, solved) << "tried again";
  // With sums in f16 the result would fail, which is why it is refused.
  state_ = {.major = 3, .minor = 5};
  const Baselines trusting = library_.open(device_);
  const RowsProblem row{.dtype = DType::f16, .rows = 1, .cols = 16384};
  ASSERT_EQ(trusting.found.at(0)->unsupported(row), std::nullopt);
  state_.sums_in_operands_type = true;
  EXPECT_FALSE(solve_once(device_, *trusting.found[0], row).passed);
}

TEST_F(Miopen, SaysWhatItDoesNotSolve) {
  const Baselines baselines = library_.open(device_);
  Baseline& b = *baselines.found.at(0);
  for (const Problem& p : {Problem{GemmProblem{}}, Problem{RowsProblem{.op = RowsOp::rms_norm}}}) {
    EXPECT_EQ(b.unsupported(p), "of MIOpen, only its softmax is a baseline");
    EXPECT_THROW(b.prepare(p), std::runtime_error);
  }
  for (const auto& [rows, cols] : {std::array{1 << 24, 1}, {1, 1 << 24}, {1 << 16, 1 << 15}}) {
    EXPECT_EQ(b.unsupported(RowsProblem{.rows = rows, .cols = cols}),
              "MIOpen's softmax indexes 2³¹ elements, and 2²⁴ rows and columns");
  }
}

TEST_F(Miopen, AFailureIsNamedByCallAndStatus) {
  state_.status = 3;
  for (const std::string call :
       {"miopenCreateTensorDescriptor", "miopenSet4dTensorDescriptor", "miopenSoftmaxForward_V2"}) {
    state_.failing = {};
    const Baselines baselines = library_.open(device_);
    state_.failing = call;
    EXPECT_EQ(baselines.found.at(0)->unsupported(RowsProblem{}), call + ": miopenStatusBadParm");
  }
  state_.failing = "miopenCreateWithStream";
  EXPECT_EQ(library_.absence(device_), "miopenCreateWithStream: miopenStatusBadParm");
}

TEST_F(Miopen, OfAnotherVersionIsRefused) {
  for (const auto& [major, minor] : {std::pair{3, 1}, {2, 20}, {4, 0}}) {
    state_ = {.major = major, .minor = minor};
    const std::string reason = library_.absence(device_);
    EXPECT_NE(reason.find("its version is " + std::to_string(major)), std::string::npos) << reason;
  }
  EXPECT_EQ(state_.live, 0);
}

TEST_F(Miopen, ALibraryThatWillNotDoIsNamedWithTheReason) {
  const std::string missing = standin_of("libmiopen-nothing.so").absence(device_);
  for (const char* part : {"libmiopen-nothing.so", MOAT_STANDINS, "LD_LIBRARY_PATH"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << missing;
  }
  EXPECT_EQ(standin_of("libmiopen-incomplete.so").absence(device_),
            "libmiopen-incomplete.so has no miopenSoftmaxForward_V2");
  EXPECT_EQ(standin_of("libmiopen-own-runtime.so").absence(device_),
            "libmiopen-own-runtime.so uses another HIP runtime than this program (7.0.51831)");
}

}  // namespace
}  // namespace moat
