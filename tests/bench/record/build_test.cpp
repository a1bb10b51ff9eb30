// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bench/record/provenance.hpp"

namespace moat {
namespace {

std::string warning(const std::string& type, const std::string& flags) {
  return build_warning({.version = {},
                        .commit = {},
                        .dirty = {},
                        .compiler = {},
                        .flags = flags + " (CPU kernels: native)",
                        .build_type = type});
}

TEST(BuildWarning, NamesBuildsThatAreNotOptimised) {
  EXPECT_EQ(warning("Debug", "-g"),
            "this build is not optimised (Debug): its numbers say nothing about the kernels");
  EXPECT_NE(warning("", "").find("not optimised (no build type)"), std::string::npos);
  EXPECT_NE(warning("Debug", "-Og -g"), "");
  EXPECT_NE(warning("Release", "-O3 -DNDEBUG -O0"), "") << "the last level counts";
  EXPECT_NE(warning("Coverage", "-O0 --coverage"), "");
  EXPECT_NE(warning("Release", "-O3 -fsanitize=address").find("-fsanitize=address"),
            std::string::npos);
}

TEST(BuildWarning, IsEmptyForOthers) {
  EXPECT_EQ(warning("Release", "-O3 -DNDEBUG"), "");
  EXPECT_EQ(warning("RelWithDebInfo", "-O2 -g -DNDEBUG"), "");
  EXPECT_EQ(warning("MinSizeRel", "-Os -DNDEBUG"), "");
  EXPECT_EQ(warning("Debug", "-g -O2"), "") << "the flags tell, not the name";
}

}  // namespace
}  // namespace moat
