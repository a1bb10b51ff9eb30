// SPDX-License-Identifier: Apache-2.0
#include "bench/port/port_command.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/port/evidence.hpp"
#include "tests/bench/port/fixture.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

using Result = test::CommandResult;

class PortCommand : public testing::Test {
 protected:
  void SetUp() override {
    paths_ = {.sources = folder_.path() / "tree",
              .build = folder_.path() / "build",
              .manifest = folder_.path() / "build/compile_manifest.json",
              .built = folder_.path() / "build/porting.json",
              .committed = folder_.path() / "tree/results/porting/porting.json"};
    fs::copy(test::fixtures() / "suite", paths_.sources, fs::copy_options::recursive);
    fs::create_directories(paths_.build);
    write_manifest(test::suite_commands(paths_.sources, MOAT_TEST_CXX));
  }

  void write_manifest(const std::vector<CompileCommand>& commands) const {
    test::write_manifest(paths_.manifest, commands);
  }

  // As on a machine without the SDK.
  void forget(const std::string& backend) const {
    auto commands = test::suite_commands(paths_.sources, MOAT_TEST_CXX);
    std::erase_if(commands, [&](const auto& c) { return c.backend == backend; });
    write_manifest(commands);
  }

  Result port(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "port");
    return test::run_command(std::move(arguments), [&](CLI::App& app, int& exit_code) {
      add_port_command(app, exit_code, paths_);
    });
  }

  void append(const std::string& file, const std::string& text) const {
    std::ofstream(paths_.sources / file, std::ios::app) << text;
  }

  fs::path junit(const std::string& cases) const {
    const fs::path path = folder_.path() / "tests.xml";
    std::ofstream(path) << "<?xml version=\"1.0\"?>\n<testsuite name=\"x\">\n"
                        << cases << "</testsuite>\n";
    return path;
  }

  TemporaryFolder folder_;
  PortingPaths paths_;
};

TEST_F(PortCommand, AStaleRecordIsNamedAndUpdated) {
  EXPECT_EQ(port({"--check"}).exit_code, 1);  // none yet
  EXPECT_EQ(port({"--update"}).exit_code, 0);
  const Result good = port({"--check"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_NE(good.out.find("up to date"), std::string::npos);

  append("backends/hip/backend.hpp", "int more;\n");
  const Result stale = port({"--check"});
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_NE(stale.err.find("/ports/hip/kernels/all/total/added: 12, was 11"), std::string::npos)
      << stale.err;
  EXPECT_EQ(port({"--update"}).exit_code, 0);
  EXPECT_EQ(port({"--check"}).exit_code, 0);
}

TEST_F(PortCommand, ARecordOfAnOlderVersionIsNamedAndUpdated) {
  ASSERT_EQ(port({"--update"}).exit_code, 0);
  Json old = read_json_file(paths_.committed);
  old["version"] = 3;
  std::ofstream(paths_.committed) << old.dump();
  const Result check = port({"--check"});
  EXPECT_EQ(check.exit_code, 5);
  EXPECT_NE(check.err.find("porting.json: /version: a porting record of version 3"),
            std::string::npos)
      << check.err;
  EXPECT_NE(port({}).out.find("of version 3"), std::string::npos);
  EXPECT_EQ(port({"--update"}).exit_code, 0);
  EXPECT_EQ(port({"--check"}).exit_code, 0);
}

TEST_F(PortCommand, AMissingSdkIsSaidAndItsRecordUsed) {
  ASSERT_EQ(port({"--update"}).exit_code, 0);
  forget("hip");
  const Result check = port({"--check"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_NE(check.out.find("not recomputed: hip"), std::string::npos);
  EXPECT_NE(check.out.find("what was recomputed is up to date: c"), std::string::npos) << check.out;
  EXPECT_EQ(check.out.find("porting.json is up to date"), std::string::npos) << check.out;
  const Result unknown = port({"--details", "axpi"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("(did you mean axpy?)"), std::string::npos) << unknown.err;
  EXPECT_EQ(unknown.err.find("backends/"), std::string::npos) << "files are too many to list";
  EXPECT_EQ(port({"--update"}).exit_code, 0);  // keeps hip

  const Result json = port({"--json"});
  const Json record = parse_strict(json.out);
  EXPECT_EQ(record.at("/ports/hip/origin"_json_pointer), "committed record");
  EXPECT_EQ(record.at("/ports/hip/kernels/all/total/added"_json_pointer), 11);

  append("problems/shared.hpp", "int more;\n");
  EXPECT_EQ(port({"--check"}).exit_code, 1);
  EXPECT_TRUE(parse_strict(port({"--json"}).out).at("ports").at("hip").is_null());
}

TEST_F(PortCommand, ABackendThatCannotBeCountedFailsTheCheck) {
  ASSERT_EQ(port({"--update"}).exit_code, 0);
  auto commands = test::suite_commands(paths_.sources, MOAT_TEST_CXX);
  for (auto& c : commands) {
    if (c.backend == "hip") c.command[1] = "/no/such/compiler";
  }
  write_manifest(commands);
  const Result check = port({"--check"});
  EXPECT_EQ(check.exit_code, 5);
  EXPECT_NE(check.out.find("/no/such/compiler"), std::string::npos) << check.out;
}

TEST_F(PortCommand, AnotherProcessorsGroupsAreNotStale) {
  ASSERT_EQ(port({"--update"}).exit_code, 0);
  auto commands = test::suite_commands(paths_.sources, MOAT_TEST_CXX);
  for (auto& c : commands) {
    if (c.backend == "cpu") c.command.emplace_back("-DON_CUDA");
  }
  write_manifest(commands);
  const Result check = port({"--check"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_NE(check.out.find("not recomputed: cpu"), std::string::npos) << check.out;
  append("backends/cpu/backend.hpp", "int more;\n");
  EXPECT_EQ(port({"--check"}).exit_code, 1);
}

TEST_F(PortCommand, WithoutAnyRecordEverythingIsNullWithItsReason) {
  const Json record = porting_record(paths_);
  for (const auto& [name, port] : record.at("ports").items()) EXPECT_TRUE(port.is_null()) << name;
  const auto reason = record.at("null_reasons").at("/ports/cuda").get<std::string>();
  EXPECT_NE(reason.find("build/porting.json does not exist"), std::string::npos) << reason;
  std::ofstream(paths_.built) << "{";
  EXPECT_FALSE(porting_table(porting_record(paths_)).empty());
}

TEST_F(PortCommand, ExecutionIsWhatTestsProve) {
  write_manifest(test::family_commands(paths_.sources, MOAT_TEST_CXX));
  const fs::path file = junit(
      "<testcase name=\"HipDevices.EveryKernel\" status=\"notrun\"><skipped message=\"x\"/>"
      "</testcase>\n"
      "<testcase name=\"Architectures/EmulatedGemm.Edges/sm_80_f16\" status=\"run\"/>\n"
      "<testcase name=\"Architectures/EmulatedGemm.Edges/sm_80_f32\" status=\"run\"/>\n"
      "<testcase name=\"Architectures/EmulatedRows.Rows/sm_90a_f16\" status=\"run\"/>\n"
      "<testcase name=\"Architectures/EmulatedRows.Rows/cdna_bf16\" status=\"fail\">"
      "<failure message=\"x\"/></testcase>\n"
      "<testcase name=\"Architectures/EmulatedRows.Rows/plain32_f32\" status=\"run\"/>\n"
      "<testcase name=\"EmulatedDeviceFaults.Stores\" status=\"run\"/>\n"
      "<testcase name=\"interpreted.cuda.sm_90a.devices\" status=\"run\"/>\n"
      "<testcase name=\"interpreted.cuda.sm_90a.every_kernel\" status=\"run\"/>\n"
      "<testcase name=\"interpreted.hip.gfx942.devices\" status=\"notrun\"><skipped/></testcase>\n"
      "<testcase name=\"interpreted.hip.gfx1100.devices\" status=\"run\"/>\n"  // no rdna3 here
      "<testcase name=\"interpreted.hip.sm_90a.devices\" status=\"run\"/>\n"   // none of hip's
      "<testcase name=\"compiled.hip.cdna\" status=\"run\"/>\n"
      "<testcase name=\"stub_compiled.cuda.sm_80\" status=\"run\"/>\n"
      "<testcase name=\"Cpu/RowsTest.EqualElements/f32\" status=\"run\"/>\n"
      "<testcase name=\"CudaDevices.ListedOrSkippedWithAReason\" status=\"run\"/>\n");
  const Result updated = port({"--update", "--tests", file.string()});
  ASSERT_EQ(updated.exit_code, 0) << updated.err;
  const Json record = read_json_file(paths_.committed);
  EXPECT_EQ(record.at("/ports/hip/executed"_json_pointer), "compiled");
  EXPECT_EQ(record.at("/ports/hip/tests/emulated/failed"_json_pointer), 1);
  EXPECT_EQ(record.at("/ports/hip/tests/emulated/passed"_json_pointer), 0);  // no plain32 here
  EXPECT_EQ(record.at("/ports/hip/tests/interpreted"_json_pointer).dump(),
            R"({"passed":0,"failed":0,"skipped":1})");
  EXPECT_EQ(record.at("/ports/hip/tests/device/skipped"_json_pointer), 1);
  EXPECT_EQ(record.at("/ports/cpu/executed"_json_pointer), "device");
  EXPECT_EQ(record.at("/ports/cuda/executed"_json_pointer), "PTX interpreted");
  EXPECT_EQ(record.at("/ports/cuda/tests/emulated/passed"_json_pointer), 3);
  EXPECT_EQ(record.at("/families/cuda~1sm_80/tests/emulated/passed"_json_pointer), 2);
  EXPECT_EQ(record.at("/families/cuda~1sm_80/tests/stub_compiled/passed"_json_pointer), 1);
  EXPECT_EQ(record.at("/families/cuda~1sm_80/executed"_json_pointer), "emulated");
  EXPECT_EQ(record.at("/families/cuda~1sm_90a/executed"_json_pointer), "PTX interpreted");
  EXPECT_EQ(record.at("/families/hip~1cdna/executed"_json_pointer), "compiled");
  const std::string table = port({}).out;
  EXPECT_NE(
      table.find("executed: compiled (1 passed), device (1 skipped), interpreted (1 skipped), "
                 "emulated (1 failed)"),
      std::string::npos)
      << table;
  EXPECT_EQ(port({"--check"}).exit_code, 0);
}

TEST_F(PortCommand, RungOnWhichATestFailedIsNotReached) {
  write_manifest(test::family_commands(paths_.sources, MOAT_TEST_CXX));
  // Two architectures of one family, of which one is wrong; one that was skipped.
  const fs::path file = junit(
      "<testcase name=\"interpreted.hip.gfx942.devices\" status=\"run\"/>\n"
      "<testcase name=\"interpreted.hip.gfx90a.devices\" status=\"fail\">"
      "<failure message=\"x\"/></testcase>\n"
      "<testcase name=\"interpreted.cuda.sm_80\" status=\"notrun\"><skipped/></testcase>\n"
      "<testcase name=\"Architectures/EmulatedRows.Rows/cdna_f16\" status=\"run\"/>\n");
  const Result updated = port({"--update", "--tests", file.string()});
  ASSERT_EQ(updated.exit_code, 0) << updated.err;
  const Json record = read_json_file(paths_.committed);
  EXPECT_EQ(record.at("/families/hip~1cdna/executed"_json_pointer), "emulated");
  EXPECT_EQ(record.at("/families/cuda~1sm_80/tests/interpreted/skipped"_json_pointer), 1);
  const std::string table = port({}).out;
  EXPECT_NE(table.find("executed: emulated (1 passed), interpreted (1 passed, 1 failed)"),
            std::string::npos)
      << table;
}

// Each architecture that ran takes its device tests and every kernel.
TEST_F(PortCommand, PartOfTheInterpretedTestsProvesNothing) {
  write_manifest(test::family_commands(paths_.sources, MOAT_TEST_CXX));
  const auto passed = [](const std::string& name) {
    return "<testcase name=\"" + name + "\" status=\"run\"/>\n";
  };
  const auto skipped = [](const std::string& name) {
    return "<testcase name=\"" + name + "\" status=\"notrun\"><skipped/></testcase>\n";
  };
  const auto executed = [&](const std::string& cases) {
    const fs::path file = junit(cases + passed("compiled.hip.cdna"));
    EXPECT_EQ(port({"--update", "--tests", file.string()}).exit_code, 0);
    const Json record = read_json_file(paths_.committed);
    EXPECT_EQ(record.at("/ports/hip/executed"_json_pointer),
              record.at("/families/hip~1cdna/executed"_json_pointer));
    return record.at("/families/hip~1cdna/executed"_json_pointer).get<std::string>();
  };
  const std::string gfx942 =
      passed("interpreted.hip.gfx942.devices") + passed("interpreted.hip.gfx942.every_kernel");
  EXPECT_EQ(executed(gfx942), "machine code interpreted");
  EXPECT_EQ(executed(gfx942 + skipped("interpreted.hip.gfx90a")), "machine code interpreted");
  EXPECT_EQ(executed(passed("interpreted.hip.gfx942.machine_code")), "compiled");
  EXPECT_EQ(executed(passed("interpreted.hip.gfx942.devices")), "compiled");
  EXPECT_EQ(executed(passed("interpreted.hip.gfx942.devices") +
                     skipped("interpreted.hip.gfx942.every_kernel")),
            "compiled");
  EXPECT_EQ(executed(gfx942 + passed("interpreted.hip.gfx90a.machine_code")), "compiled");
  EXPECT_EQ(executed(passed("interpreted.hip.gfx942.devices") +
                     passed("interpreted.hip.gfx90a.every_kernel")),
            "compiled");
  const std::string table = port({}).out;
  EXPECT_NE(table.find("executed: compiled (1 passed), interpreted (2 passed)"), std::string::npos)
      << table;
}

TEST_F(PortCommand, TestsOfOlderSourcesProveNothing) {
  write_manifest(test::family_commands(paths_.sources, MOAT_TEST_CXX));
  const fs::path file =
      junit("<testcase name=\"Architectures/EmulatedRows.Rows/cdna_f16\" status=\"run\"/>\n");
  fs::last_write_time(paths_.sources / "backends/hip/backend.hpp",
                      fs::last_write_time(file) + std::chrono::seconds(5));
  const Result result = port({"--update", "--tests", file.string()});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_NE(result.err.find("run them again"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(paths_.committed));
}

// The results are written at the end of tests that began before.
TEST_F(PortCommand, SourcesThatChangedDuringTheTestsProveNothing) {
  write_manifest(test::family_commands(paths_.sources, MOAT_TEST_CXX));
  const fs::path file = folder_.path() / "long.xml";
  std::ofstream(file) << "<testsuite time=\"100\"><testcase "
                         "name=\"Architectures/EmulatedRows.Rows/cdna_f16\" status=\"run\"/>"
                         "</testsuite>";
  const auto end = fs::last_write_time(file) + std::chrono::seconds(200);
  fs::last_write_time(file, end);
  const fs::path source = paths_.sources / "backends/hip/backend.hpp";
  fs::last_write_time(source, end - std::chrono::seconds(50));
  const Result result = port({"--update", "--tests", file.string()});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_NE(result.err.find("run them again"), std::string::npos) << result.err;
  fs::last_write_time(source, end - std::chrono::seconds(150));
  EXPECT_EQ(port({"--update", "--tests", file.string()}).exit_code, 0);
}

TEST_F(PortCommand, BadUsage) {
  EXPECT_EQ(port({"--json", "--csv"}).exit_code, 2);
  EXPECT_EQ(port({"--tests", "x.xml", "--update"}).exit_code, 2);
  EXPECT_EQ(port({"--tests", junit("").string()}).exit_code, 2);
  ASSERT_EQ(port({"--update"}).exit_code, 0);
  const Result details = port({"--details", "axpi"});
  EXPECT_EQ(details.exit_code, 2);
  EXPECT_NE(details.err.find("kernels: all, axpy, dot, runtime"), std::string::npos) << details.err;
  std::ofstream(folder_.path() / "bad.xml") << "<testsuite>";
  const Result bad = port({"--update", "--tests", (folder_.path() / "bad.xml").string()});
  EXPECT_EQ(bad.exit_code, 5);
  EXPECT_NE(bad.err.find("--output-junit"), std::string::npos) << bad.err;
}

TEST_F(PortCommand, AnUnwritableRecordIsAnError) {
  fs::create_directories(paths_.committed / "in-the-way");
  EXPECT_EQ(port({"--update"}).exit_code, 4);
}

}  // namespace
}  // namespace moat
