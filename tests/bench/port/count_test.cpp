// SPDX-License-Identifier: Apache-2.0
// The counter on source trees whose answers were counted by hand.
#include "bench/port/count.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bench/port/compare.hpp"
#include "bench/port/line_markers.hpp"
#include "bench/port/process.hpp"
#include "tests/bench/port/fixture.hpp"

namespace moat {
namespace {

std::string ranges(const LineSet& lines, const std::string& file) {
  const auto files = by_file(lines);
  const auto it = files.find(file);
  return it == files.end() ? "" : to_ranges(it->second);
}

void expect_counts(const LineCounts& c, double shared, double added, double unused) {
  EXPECT_DOUBLE_EQ(c.shared, shared);
  EXPECT_DOUBLE_EQ(c.added, added);
  EXPECT_DOUBLE_EQ(c.unused, unused);
}

class Suite : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam().empty()) GTEST_SKIP() << "no clang++ with -fdirectives-only was found";
    count_ = count_lines(test::suite_commands(test::fixtures() / "suite", GetParam()),
                         test::fixtures() / "suite", "");
    for (const auto& [backend, why] : count_.errors) FAIL() << backend << ": " << why;
  }

  const LineSet& unit(const std::string& backend, const std::string& kernel) {
    return count_.backends.at(backend).units.at(kernel);
  }

  Count count_;
};

TEST_P(Suite, ConditionalGroupsMacrosAndRawStrings) {
  const std::string file = "kernels/axpy.hpp";
  EXPECT_EQ(ranges(unit("cuda", "axpy"), file), "1-3,5-7,9-12,17,19,21-24,26-31,33-36");
  EXPECT_EQ(ranges(unit("hip", "axpy"), file), "1-3,5-7,9,11-14,16-17,19,21-24,26-31,33-36");
  EXPECT_EQ(ranges(unit("cpu", "axpy"), file), "1-3,5-7,9,11-12,17-19,21-24,26-31,33-36");
  EXPECT_EQ(ranges(unit("cpu", "axpy"), "kernels/axpy.cpp"), "2-3,5,7");
  EXPECT_EQ(count_.files.at(file).code, 31);
}

TEST_P(Suite, AGroupWithoutAnyTokenLeft) {
  EXPECT_EQ(ranges(unit("cuda", "dot"), "backends/common.hpp"), "1-3,5-9");
  EXPECT_EQ(ranges(unit("hip", "dot"), "backends/common.hpp"), "1-3,5-6,9");
}

TEST_P(Suite, AKernelsFilesAreItsOwn) {
  EXPECT_EQ(ranges(unit("hip", "dot"), "kernels/axpy.hpp"), "");
  EXPECT_EQ(ranges(unit("hip", "dot"), "problems/axpy.hpp"), "");
  EXPECT_EQ(ranges(unit("hip", "axpy"), "problems/axpy.hpp"), "1-2");
  EXPECT_EQ(ranges(unit("hip", "dot"), "problems/shared.hpp"), "1-2");
}

TEST_P(Suite, NothingOfTheSystemIsCounted) {
  for (const auto& [backend, lines] : count_.backends) {
    EXPECT_TRUE(other_lines(lines.all()).empty()) << backend;
    EXPECT_EQ(lines.targets, std::vector<std::string>{"host"});
    EXPECT_FALSE(lines.compiler.empty());
  }
}

TEST_P(Suite, PortAgainstBaseline) {
  const auto hip = compare_backends(count_.backends.at("hip"), count_.backends.at("cuda"));
  expect_counts(hip.at("axpy").total, 37, 9, 6);
  expect_counts(hip.at("axpy").kernel, 29, 3, 1);
  expect_counts(hip.at("axpy").problem, 2, 0, 0);
  expect_counts(hip.at("axpy").layer, 6, 6, 5);
  expect_counts(hip.at("axpy").share, 3, 4, 4);
  expect_counts(hip.at("dot").total, 16, 6, 5);
  expect_counts(hip.at("dot").kernel, 6, 0, 0);
  expect_counts(hip.at("dot").problem, 2, 0, 0);
  expect_counts(hip.at("dot").layer, 8, 6, 5);
  expect_counts(hip.at("dot").share, 5, 4, 4);
  expect_counts(hip.at("runtime").total, 6, 2, 5);
  expect_counts(hip.at(kAll).total, 47, 11, 9);
  expect_counts(hip.at(kAll).kernel, 35, 3, 1);
  expect_counts(hip.at(kAll).problem, 4, 0, 0);
  expect_counts(hip.at(kAll).layer, 8, 8, 8);
  EXPECT_DOUBLE_EQ(hip.at(kAll).total.changed().value_or(-1), 11.0 / 58);

  const auto cpu = compare_backends(count_.backends.at("cpu"), count_.backends.at("cuda"));
  expect_counts(cpu.at(kAll).kernel, 34, 1, 2);
  expect_counts(cpu.at(kAll).layer, 0, 2, 16);
}

// A line of each folder that only the port has, one that only the baseline has, and one of both.
TEST(Parts, AreTheFoldersOfTheSuite) {
  const auto lines = [](int own) {
    LineSet set;
    for (const char* file : {"kernels/k.hpp", "problems/p.hpp", "backends/b.hpp", "bench/o.hpp"}) {
      set.insert({file, 1});
      set.insert({file, own});
    }
    return set;
  };
  BackendLines port;
  BackendLines baseline;
  port.units["k"] = lines(2);
  port.units["k"].insert({"problems/p.hpp", 4});
  baseline.units["k"] = lines(3);
  const PortCounts counts = compare_backends(port, baseline).at("k");
  expect_counts(counts.kernel, 1, 1, 1);
  expect_counts(counts.problem, 1, 2, 1);
  expect_counts(counts.layer, 1, 1, 1);
  expect_counts(counts.total, 4, 5, 4);
  EXPECT_EQ(by_file(other_lines(port.all())).size(), 1U);
  EXPECT_EQ(ranges(other_lines(port.all()), "bench/o.hpp"), "1-2");
}

TEST_P(Suite, TheBaselineAgainstItself) {
  const auto cuda = compare_backends(count_.backends.at("cuda"), count_.backends.at("cuda"));
  expect_counts(cuda.at(kAll).total, 56, 0, 0);
  EXPECT_EQ(cuda.at(kAll).total.changed().value_or(-1), 0);
  EXPECT_FALSE(cuda.at("runtime").kernel.changed().has_value());
}

TEST_P(Suite, Divergence) {
  std::map<std::string, LineSet> sets;
  for (const auto& [backend, lines] : count_.backends) sets[backend] = lines.all();
  const auto pairs = distances(sets);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(pairs[0].in_both, 38);  // cpu, cuda
  EXPECT_EQ(pairs[0].in_either, 59);
  EXPECT_EQ(pairs[1].in_both, 38);  // cpu, hip
  EXPECT_EQ(pairs[1].in_either, 61);
  EXPECT_EQ(pairs[2].in_both, 47);  // cuda, hip
  EXPECT_EQ(pairs[2].in_either, 67);
  EXPECT_DOUBLE_EQ(mean_distance(pairs).value_or(-1), (3 - 38.0 / 59 - 38.0 / 61 - 47.0 / 67) / 3);
}

INSTANTIATE_TEST_SUITE_P(Compilers, Suite, testing::Values(MOAT_TEST_CXX, MOAT_TEST_CLANG),
                         [](const auto& test) { return test.index == 0 ? "Host" : "Clang"; });

// A second opinion: whatever GCC leaves when it does expand macros was counted. (clang's output
// then runs ahead of its markers behind a macro call of several lines: it names line 39 of 36.)
TEST(FullPreprocessing, LeavesOnlyLinesThatWereCounted) {
#ifdef __clang__
  GTEST_SKIP() << "for GCC";
#endif
  const auto root = test::fixtures() / "suite";
  const auto commands = test::suite_commands(root, MOAT_TEST_CXX);
  const Count count = count_lines(commands, root, "");
  for (const CompileCommand& compile : commands) {
    PreprocessPass pass = preprocess_passes(compile).at(0);
    std::erase(pass.command, "-fdirectives-only");
    const ProcessResult result = run_process(pass.command, compile.directory);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    int seen = 0;
    const LineSet& counted = count.backends.at(compile.backend).units.at(compile.kernel);
    for (const auto& [file, numbers] :
         read_line_markers(result.out, names_within(root, "", compile.directory))) {
      if (file.ends_with("/axpy.hpp") && compile.kernel != "axpy") continue;
      for (const int n : numbers) {
        EXPECT_TRUE(counted.contains({file, n})) << compile.backend << ' ' << file << ':' << n;
        ++seen;
      }
    }
    EXPECT_GT(seen, 0);
  }
}

TEST(Families, TheirOwnKernelsAndTheBackendsRuntime) {
  const auto root = test::fixtures() / "suite";
  const Count count = count_lines(test::family_commands(root, MOAT_TEST_CXX), root, "");
  ASSERT_TRUE(count.errors.empty()) << count.errors.begin()->second;
  std::vector<std::string> names;
  for (const auto& [name, lines] : count.backends) {
    names.push_back(name);
    EXPECT_EQ(lines.targets, std::vector<std::string>{"host"}) << name;
    EXPECT_FALSE(lines.compiler.empty()) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"cpu", "cuda", "cuda/sm_80", "cuda/sm_90a", "hip",
                                             "hip/cdna"}));
  const auto& base = count.backends.at("cuda/sm_80");
  const auto same = compare_backends(base, base);
  expect_counts(same.at(kAll).total, 56, 0, 0);
  expect_counts(same.at("runtime").total, 11, 0, 0);

  const auto sm_90a = compare_backends(count.backends.at("cuda/sm_90a"), base);
  expect_counts(sm_90a.at("axpy").total, 43, 1, 0);
  expect_counts(sm_90a.at("dot").kernel, 5, 0, 1);
  expect_counts(sm_90a.at("dot").layer, 11, 1, 2);
  expect_counts(sm_90a.at("runtime").total, 11, 0, 0);
  expect_counts(sm_90a.at(kAll).kernel, 35, 0, 1);
  expect_counts(sm_90a.at(kAll).layer, 14, 1, 2);
  expect_counts(sm_90a.at(kAll).total, 53, 1, 3);

  const auto cdna = compare_backends(count.backends.at("hip/cdna"), base);
  expect_counts(cdna.at(kAll).total, 47, 11, 9);
  // A backend compiles what any of its families does.
  const auto hip = compare_backends(count.backends.at("hip"), count.backends.at("cuda"));
  expect_counts(hip.at(kAll).total, 47, 11, 10);
}

TEST(Families, AreNotCountedWithoutTheirBackend) {
  const auto root = test::fixtures() / "suite";
  auto commands = test::family_commands(root, MOAT_TEST_CXX);
  for (auto& c : commands) {
    if (c.family == "sm_90a") c.command[1] = "/no/such/compiler";
  }
  const Count count = count_lines(commands, root, "");
  EXPECT_TRUE(count.errors.contains("cuda"));
  for (const char* name : {"cuda", "cuda/sm_80", "cuda/sm_90a"}) {
    EXPECT_FALSE(count.backends.contains(name)) << name;
  }
  EXPECT_TRUE(count.backends.contains("hip/cdna"));
}

CompileCommand device_command(std::vector<std::string> command) {
  const auto root = test::fixtures() / "device";
  command.push_back((root / "kernels/arch.cu").string());
  return {.backend = "cuda",
          .family = "",
          .kernel = "arch",
          .source = root / "kernels/arch.cu",
          .directory = root,
          .command = std::move(command)};
}

Count count_device(std::vector<std::string> command) {
  return count_lines({device_command(std::move(command))}, test::fixtures() / "device", "");
}

TEST(DevicePasses, NvccCompilesForTheHostAndEachArchitecture) {
  if (std::string(MOAT_TEST_NVCC).empty()) GTEST_SKIP() << "nvcc was not found";
  const Count count = count_device(
      {MOAT_TEST_NVCC, "-DNAME=\"a b\"", "--generate-code=arch=compute_80,code=sm_80",
       "--generate-code=arch=compute_90a,code=sm_90a", "-MD", "-MF", "x.d", "-o", "x.o", "-c"});
  ASSERT_TRUE(count.errors.empty()) << count.errors.begin()->second;
  const BackendLines& lines = count.backends.at("cuda");
  EXPECT_EQ(lines.targets, (std::vector<std::string>{"host", "sm_80", "sm_90a"}));
  EXPECT_EQ(ranges(lines.all(), "kernels/arch.cu"), "1-9,17,19-22");
  EXPECT_NE(lines.compiler.find("release"), std::string::npos);

  const Count one = count_device({MOAT_TEST_NVCC, "-arch=sm_90", "-dc"});
  ASSERT_TRUE(one.errors.empty()) << one.errors.begin()->second;
  EXPECT_EQ(one.backends.at("cuda").targets, (std::vector<std::string>{"host", "sm_90"}));
  EXPECT_EQ(ranges(one.backends.at("cuda").all(), "kernels/arch.cu"), "1-5,7-9,17,19-22");
}

TEST(DevicePasses, ClangCompilesHipForTheHostAndEachArchitecture) {
  if (std::string(MOAT_TEST_CLANG).empty()) GTEST_SKIP() << "clang++ was not found";
  const Count count = count_device({MOAT_TEST_CLANG, "-x", "hip", "-nogpuinc", "-nogpulib",
                                    "--offload-arch=gfx942,gfx90a", "-c"});
  ASSERT_TRUE(count.errors.empty()) << count.errors.begin()->second;
  const BackendLines& lines = count.backends.at("cuda");
  EXPECT_EQ(lines.targets, (std::vector<std::string>{"gfx90a", "gfx942", "host"}));
  EXPECT_EQ(ranges(lines.all(), "kernels/arch.cu"), "1-2,8-14,16-20,22");
}

TEST(CountErrors, ABackendThatDoesNotPreprocessIsNamed) {
  const auto root = test::fixtures() / "suite";
  auto commands = test::suite_commands(root, MOAT_TEST_CXX);
  for (auto& c : commands) {
    if (c.backend == "hip") c.command.emplace_back("-DMOAT_BACKEND=\"absent.hpp\"");
  }
  commands.back().command[1] = "/no/such/compiler";
  const Count count = count_lines(commands, root, "");
  EXPECT_TRUE(count.backends.contains("cuda"));
  EXPECT_FALSE(count.backends.contains("hip"));
  EXPECT_NE(count.errors.at("hip").find("absent.hpp"), std::string::npos) << count.errors.at("hip");
  EXPECT_NE(count.errors.at("cpu").find("/no/such/compiler"), std::string::npos);
}

TEST(BlobHash, IsGits) {
  EXPECT_EQ(blob_hash(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(blob_hash("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace moat
