// SPDX-License-Identifier: Apache-2.0
#include "bench/run/output_path.hpp"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(OutputPath, Slug) {
  EXPECT_EQ(slug("Intel(R) Xeon(R) Platinum 8480+"), "intel-xeon-platinum-8480");
  EXPECT_EQ(slug("NVIDIA H100 80GB HBM3"), "nvidia-h100-80gb-hbm3");
  EXPECT_EQ(slug("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(slug(""), "device");
  EXPECT_EQ(slug("µ"), "device");
}

TEST(OutputPath, FileFolderAndDefault) {
  Build build;
  build.commit = Reading<std::string>::of("0123456789abcdef0123456789abcdef01234567");
  const std::string started = "2026-01-31T23:59:59Z";
  EXPECT_EQ(record_path("x/y.json", "d", started, build), "x/y.json");
  EXPECT_EQ(record_path("x", "d", started, build), "x/20260131T235959Z-0123456789ab.json");
  build.commit = Reading<std::string>::none("outside git");
  EXPECT_EQ(record_path(std::nullopt, "A B", started, build),
            "results/a-b/20260131T235959Z-unknown.json");
}

}  // namespace
}  // namespace moat
