// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace moat::codegen {
namespace {

EntryReport entry(const std::string& backend, const std::string& family,
                  const std::string& architecture) {
  EntryReport e;
  e.entry = "_Z1a";
  e.name = {.kernel = "gemm", .dtype = "f32", .variant = "row_major", .schedule = "128x64x32"};
  e.source = "gemm";
  e.backend = backend;
  e.family = family;
  e.architecture = architecture;
  return e;
}

TEST(CodegenReport, OfTheBackendsThatAreAskedFor) {
  Report report;
  report.entries = {entry("cuda", "sm_80", "sm_80"), entry("hip", "cdna", "gfx942")};
  report.messages = {{"gemm/sm_80", {"spills"}}, {"gemm/cdna", {"spills"}}};
  report.errors = {
      {"rows/sm_80", "cut short"}, {"rows/cdna", "cut short"}, {"rows/rdna3", "cut short"}};
  report.absent = {{"cuda", "no SDK"}, {"hip", "no SDK"}};
  const Report cuda = of_backends(report, {"cuda"});
  ASSERT_EQ(cuda.entries.size(), 1U);
  EXPECT_EQ(cuda.entries[0].backend, "cuda");
  EXPECT_EQ(cuda.messages.size(), 1U);
  EXPECT_TRUE(cuda.messages.contains("gemm/sm_80"));
  EXPECT_TRUE(cuda.errors.contains("rows/sm_80"));
  EXPECT_EQ(cuda.errors.size(), 1U);
  EXPECT_EQ(cuda.absent.size(), 1U);
  EXPECT_EQ(of_backends(report, {"cuda", "hip"}).entries.size(), 2U);
  const Report cdna = of_family(report, "hip", "cdna");
  EXPECT_EQ(cdna.entries.size(), 1U);
  EXPECT_EQ(cdna.errors.size(), 1U);
  EXPECT_TRUE(cdna.errors.contains("rows/cdna"));
  // A family of which nothing could be read.
  EXPECT_EQ(of_family(report, "hip", "rdna3").entries.size(), 0U);
  EXPECT_EQ(of_family(report, "hip", "rdna3").errors.size(), 1U);
  // What is written can be read.
  const Json json = to_json(cuda);
  EXPECT_EQ(to_json(from_json(json)), json);
  EXPECT_FALSE(json["architectures"].contains("gfx942"));
}

}  // namespace
}  // namespace moat::codegen
