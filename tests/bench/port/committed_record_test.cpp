// SPDX-License-Identifier: Apache-2.0
// The committed record against this build.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "bench/port/port_command.hpp"

namespace moat {
namespace {

TEST(CommittedPortingRecord, IsCurrent) {
  const PortingPaths paths = default_porting_paths();
  int exit_code = -1;
  CLI::App app;
  add_port_command(app, exit_code, paths);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  app.parse("port --check", false);
  std::fflush(nullptr);
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  ASSERT_EQ(exit_code, 0) << out << err;
  if (out.find("not recomputed") != std::string::npos) GTEST_SKIP() << out;
}

}  // namespace
}  // namespace moat
