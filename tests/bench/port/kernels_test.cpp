// SPDX-License-Identifier: Apache-2.0
// That no line of a kernel differs between ports, as this build compiles them; and that one would
// be counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/port/compare.hpp"
#include "bench/port/port_command.hpp"
#include "bench/port/preprocess.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

TEST(Kernels, NoLineDiffersInAnyPortOrFamily) {
  const Json record = porting_record();
  int counted = 0;
  for (const char* kind : {"ports", "families"}) {
    for (const auto& [name, port] : record.at(kind).items()) {
      if (port.is_null() || port.at("kernels").is_null()) continue;
      for (const auto& [kernel, parts] : port.at("kernels").items()) {
        const Json& lines = parts.at("kernel");
        if (lines.is_null()) continue;
        EXPECT_EQ(lines.at("added"), 0) << name << ' ' << kernel;
        EXPECT_EQ(lines.at("unused"), 0) << name << ' ' << kernel;
        ++counted;
      }
    }
  }
  if (counted == 0) GTEST_SKIP() << "neither this build nor the committed record has numbers";
  EXPECT_GE(counted, 5) << "fewer than the kernels of one port";
}

// The sources of this build in a folder of their own.
class Planted : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* part : {"kernels", "problems", "backends"}) {
      fs::copy(paths_.sources / part, folder_.path() / part, fs::copy_options::recursive);
    }
    const auto commands = read_manifest(paths_.manifest);
    const auto rows = std::ranges::find_if(
        commands, [](const auto& c) { return c.backend == "cpu" && c.kernel == "rows"; });
    ASSERT_NE(rows, commands.end());
    command_ = *rows;
    const std::string root = paths_.sources.string();
    const auto moved = [&](std::string text) {
      for (auto at = text.find(root); at != std::string::npos;
           at = text.find(root, at + folder_.path().string().size())) {
        text.replace(at, root.size(), folder_.path().string());
      }
      return text;
    };
    command_.source = moved(command_.source.string());
    std::ranges::transform(command_.command, command_.command.begin(), moved);
  }

  // Of the kernel's own lines, for a port whose build defines MOAT_PLANTED.
  LineCounts count() const {
    CompileCommand baseline = command_;
    baseline.backend = "cuda";
    CompileCommand port = command_;
    port.backend = "hip";
    port.command.insert(port.command.begin() + 1, "-DMOAT_PLANTED");
    const Count count = count_lines({baseline, port}, folder_.path(), "");
    for (const auto& [backend, why] : count.errors) ADD_FAILURE() << backend << ": " << why;
    return compare_backends(count.backends.at("hip"), count.backends.at("cuda")).at("rows").kernel;
  }

  PortingPaths paths_ = default_porting_paths();
  TemporaryFolder folder_;
  CompileCommand command_;
};

TEST_F(Planted, ALineOfOnePortIsCounted) {
  EXPECT_EQ(count().added, 0);
  std::ofstream(folder_.path() / "kernels/rows.hpp", std::ios::app)
      << "#ifdef MOAT_PLANTED\nnamespace moat { inline int planted() { return 1; } }\n#endif\n";
  EXPECT_EQ(count().added, 1);
  EXPECT_EQ(count().unused, 0);
}

TEST_F(Planted, ALineThatOnePortLacksIsCounted) {
  std::ofstream(folder_.path() / "kernels/rows.hpp", std::ios::app)
      << "#ifndef MOAT_PLANTED\nnamespace moat { inline int planted() { return 1; } }\n#endif\n";
  EXPECT_EQ(count().added, 0);
  EXPECT_EQ(count().unused, 1);
}

}  // namespace
}  // namespace moat
