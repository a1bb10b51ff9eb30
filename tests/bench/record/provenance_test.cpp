// SPDX-License-Identifier: Apache-2.0
#include "bench/record/provenance.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace moat {
namespace {

TEST(Provenance, BuildNamesItsCommitOrSaysWhyNot) {
  const Build build = this_build();
  if (build.commit.value) {
    EXPECT_TRUE(std::regex_match(*build.commit.value, std::regex("[0-9a-f]{40,64}")));
    EXPECT_TRUE(build.dirty.value.has_value());
  } else {
    EXPECT_EQ(build.commit.reason, "built outside a git repository");
  }
  EXPECT_FALSE(build.compiler.empty());
}

TEST(Provenance, TheProgramHasAHash) {
  const std::optional<std::string> hash = executable_hash();
  ASSERT_TRUE(hash);
  EXPECT_TRUE(std::regex_match(*hash, std::regex("[0-9a-f]{16}")));
  EXPECT_EQ(executable_hash(), hash);
}

TEST(Provenance, VersionTextOfEveryState) {
  Build build;
  build.version = "1.2.3";
  EXPECT_EQ(version_text(build), "1.2.3 (unknown)");
  build.commit = Reading<std::string>::of("0123456789abcdef0123");
  build.dirty = Reading<bool>::of(false);
  EXPECT_EQ(version_text(build), "1.2.3 (0123456789ab)");
  build.dirty = Reading<bool>::of(true);
  EXPECT_EQ(version_text(build), "1.2.3 (0123456789ab, modified)");
}

TEST(Provenance, HostIsReadOrHasReasons) {
  const Host host = this_host();
  EXPECT_GE(host.logical_cpus, 1);
  EXPECT_TRUE(host.name.value.has_value());
  EXPECT_TRUE(host.governor.value.has_value() || !host.governor.reason.empty());
  EXPECT_TRUE(host.os.value.has_value() || !host.os.reason.empty());
}

TEST(Provenance, Time) { EXPECT_EQ(utc_time(1769903999), "2026-01-31T23:59:59Z"); }

}  // namespace
}  // namespace moat
