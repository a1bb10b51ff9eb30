// SPDX-License-Identifier: Apache-2.0
// A HIP device's libraries under their own names, which the system finds in LD_LIBRARY_PATH: the
// stand-ins have them there.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/bench/baselines/rocm/rocm_test.hpp"

namespace moat {
namespace {

std::vector<std::string> solvers(const Baselines& baselines, const Problem& p) {
  std::vector<std::string> names;
  for (const auto& b : baselines.found) {
    if (!b->unsupported(p)) names.push_back(b->name());
  }
  return names;
}

std::string absence(const Baselines& baselines, const std::string& name) {
  const auto absent = std::ranges::find(baselines.absent, name, &AbsentBaseline::name);
  return absent == baselines.absent.end() ? "it is there" : absent->reason;
}

TEST(HipLibraries, AreFoundUnderTheirOwnNames) {
  for (const std::string runtime : {"6.2.41134", "7.0.51831"}) {
    RocmDevice device(runtime);
    const Baselines baselines = open_baselines(device);
    const GemmProblem gemm{.dtype = DType::bf16, .m = 5, .n = 7, .k = 9};
    EXPECT_EQ(solvers(baselines, gemm), (std::vector<std::string>{"hipblaslt", "rocblas"}))
        << runtime << ": " << absence(baselines, "hipblaslt") << ' '
        << absence(baselines, "rocblas");
    EXPECT_EQ(solvers(baselines, RowsProblem{}), std::vector<std::string>{"miopen"})
        << runtime << ": " << absence(baselines, "miopen");
    for (const auto& b : baselines.found) {
      const Problem p = b->name() == "miopen" ? Problem{RowsProblem{.cols = 77}} : Problem{gemm};
      EXPECT_TRUE(solve_once(device, *b, p).passed) << b->name();
    }
  }
}

TEST(HipLibraries, OfAnotherReleaseAreNotCalled) {
  for (const std::string runtime : {"5.2.21153", "8.0.1"}) {
    RocmDevice device(runtime);
    const Baselines baselines = open_baselines(device);
    for (const char* name : {"hipblaslt", "miopen"}) {
      EXPECT_EQ(absence(baselines, name),
                "it is called with ROCm 6, 7 only, and the HIP runtime is " + runtime);
    }
    EXPECT_EQ(solvers(baselines, GemmProblem{}).size(), runtime.starts_with('5') ? 1u : 0u);
  }
}

// Run where there are none.
TEST(HipLibraries, NameTheFileAndTheFolderThatItIsNotIn) {
  RocmDevice device("6.2.41134");
  const Baselines baselines = open_baselines(device);
  if (!baselines.found.empty()) GTEST_SKIP() << "this machine has " << baselines.found[0]->name();
  for (const auto& [name, file] : {std::pair{"hipblaslt", "libhipblaslt.so.0"},
                                   {"rocblas", "librocblas.so.4"},
                                   {"miopen", "libMIOpen.so.1"}}) {
    const std::string reason = absence(baselines, name);
    EXPECT_NE(reason.find(file), std::string::npos) << reason;
    EXPECT_NE(reason.find(kRocmFolder + std::string("/") + file), std::string::npos) << reason;
  }
}

}  // namespace
}  // namespace moat
