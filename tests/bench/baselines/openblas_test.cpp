// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/openblas.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace moat {
namespace {

TEST(BetterCore, ReplacesCoresThatWasteTheVectors) {
  EXPECT_EQ(better_core("Prescott", VectorLevel::avx512), "SKYLAKEX");
  EXPECT_EQ(better_core("Nehalem", VectorLevel::avx2), "HASWELL");
  EXPECT_EQ(better_core("Haswell", VectorLevel::avx512), "SKYLAKEX");
  EXPECT_EQ(better_core("Zen", VectorLevel::avx512), "SKYLAKEX");
  EXPECT_EQ(better_core("Penryn", VectorLevel::avx), "SANDYBRIDGE");
}

TEST(BetterCore, KeepsEqualBetterAndUnknownCores) {
  EXPECT_FALSE(better_core("SkylakeX", VectorLevel::avx512));
  EXPECT_FALSE(better_core("Zen", VectorLevel::avx2));
  EXPECT_FALSE(better_core("Haswell", VectorLevel::avx));
  EXPECT_FALSE(better_core("SapphireRapids", VectorLevel::avx512));
  EXPECT_FALSE(better_core("NeoverseN1", VectorLevel::sse));
  EXPECT_FALSE(better_core("Prescott", VectorLevel::sse));
  EXPECT_FALSE(better_core("", VectorLevel::avx512));
}

TEST(RequiredLevel, IsTheBuildsOnlyForACoreThatWasAskedFor) {
  EXPECT_EQ(required_level(VectorLevel::avx512, "avx2", true), VectorLevel::avx2);
  EXPECT_EQ(required_level(VectorLevel::avx512, "avx2", false), VectorLevel::avx512);
  EXPECT_EQ(required_level(VectorLevel::avx512, "avx512", true), VectorLevel::avx512);
  EXPECT_EQ(required_level(VectorLevel::avx, "avx2", true), VectorLevel::avx);
}

// Its allocator tries for ever where it finds no room; a run goes on without it. The first of these
// tests, as a library that is loaded stays so.
TEST(OpenOpenBlas, IsAbsentWhereItFindsNoMemory) {
  const pid_t child = fork();
  if (child == 0) {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = rlim_t{120} << 20;
    setrlimit(RLIMIT_AS, &limit);
    Baselines baselines;
    open_openblas(2, "avx512", baselines);
    const bool said = !baselines.absent.empty() &&
                      baselines.absent[0].reason.find("processor time") != std::string::npos;
    _exit(baselines.found.empty() && said ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// The core in use has the CPU's vectors, and the environment is as before.
TEST(OpenOpenBlas, UsesTheVectorsOfThisCpu) {
  setenv("OPENBLAS_CORETYPE", "PRESCOTT", 1);
  Baselines baselines;
  open_openblas(1, "avx512", baselines);
  EXPECT_STREQ(std::getenv("OPENBLAS_CORETYPE"), "PRESCOTT");
  if (baselines.found.empty()) GTEST_SKIP() << baselines.absent.at(0).reason;
  const std::string detail = baselines.found[0]->detail();
  const std::size_t begin = detail.find("core ") + 5;
  const std::string core = detail.substr(begin, detail.find_first_of(" ,", begin) - begin);
  EXPECT_FALSE(better_core(core, cpu_vector_level())) << detail;
  if (cpu_vector_level() != VectorLevel::sse) {
    EXPECT_NE(detail.find("Prescott"), std::string::npos) << detail;
  }
}

}  // namespace
}  // namespace moat
