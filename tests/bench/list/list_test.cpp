// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/cases/case.hpp"
#include "bench/cases/case_file.hpp"
#include "bench/list/list_command.hpp"
#include "tests/bench/baselines/named_device.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

DeviceList list_none() { return {.devices = {}, .skipped = "no driver"}; }

test::CommandResult list(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "list");
  return test::run_command(std::move(arguments), add_list_command);
}

Json a_listing() {
  return listing({{.name = "cuda", .list = list_none}}, {{.name = "hip", .reason = "no SDK"}});
}

TEST(List, TellsWhatIsSkippedAndWhy) {
  const Json all = a_listing();
  EXPECT_EQ(all["backends"][0]["skipped"], "no driver");
  EXPECT_EQ(all["backends"][1]["skipped"], "no SDK");
  const std::string text = listing_text(all);
  EXPECT_NE(text.find("skipped: no driver"), std::string::npos) << text;
  EXPECT_NE(text.find("skipped: no SDK"), std::string::npos);
}

DeviceList list_hip() {
  DeviceList list;
  list.devices.push_back(std::make_unique<NamedDevice>("hip", 228));
  return list;
}

TEST(List, TellsWhichLibrariesADeviceLacks) {
  const std::string text = listing_text(listing({{.name = "hip", .list = list_hip}}, {}));
  EXPECT_NE(text.find("named hip (, 228 units)"), std::string::npos) << text;
  for (const std::string name : {"hipblaslt", "ck", "hipcub", "miopen"}) {
    EXPECT_NE(text.find("\n  " + name), std::string::npos) << text;
  }
  EXPECT_NE(text.find("hip: absent: this suite has no baseline for it"), std::string::npos) << text;
}

TEST(List, CasesAreNamesAndSuitesHaveSources) {
  const Json all = a_listing();
  ASSERT_FALSE(all["suites"].empty());
  for (const Json& suite : all["suites"]) {
    EXPECT_FALSE(suite["source"].get<std::string>().empty()) << suite["name"];
    ASSERT_FALSE(suite["cases"].empty()) << suite["name"];
    for (const Json& name : suite["cases"]) {
      EXPECT_EQ(case_name(parse_case(name.get<std::string>())), name);
    }
  }
}

// What a case name may hold can be read off the listing.
TEST(List, TellsTypesCodesAndShape) {
  const std::string text = listing_text(a_listing());
  EXPECT_NE(text.find("shape: m# n# k# [bt] [lda#] [ldb#] [ldc#] [cTYPE]\n"), std::string::npos);
  EXPECT_NE(text.find("(f16, bf16, each x int8, int4, mxfp4)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("(f16, bf16, bf16 x e4m3)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("shape: b# q# kv# h# hkv# d# [causal] [scale#]\n"), std::string::npos);
}

TEST(List, ShowsTheCasesOfANamedSuiteOnly) {
  const Json all = a_listing();
  const auto first = all["suites"][0]["cases"][0].get<std::string>();
  EXPECT_EQ(listing_text(all).find("\n                  " + first), std::string::npos);
  const auto name = all["suites"][0]["name"].get<std::string>();
  const test::CommandResult cases = list({"--suite", name});
  EXPECT_NE(cases.out.find("\n" + first + "\n"), std::string::npos) << cases.out;
  EXPECT_TRUE(cases.out.starts_with("# " + name + ": ")) << cases.out;
  EXPECT_EQ(cases.out.find("Kernels"), std::string::npos) << cases.out;
}

// What is printed is a file of cases again.
TEST(List, PrintsTheCasesOfAFile) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "cases.txt").string();
  std::ofstream(file) << "sum/f32/n1000 3\nsum/f32/n77\n";
  const std::string text = list({"--cases", file}).out;
  EXPECT_TRUE(text.ends_with("\nsum/f32/n1000 3\nsum/f32/n77 1\n")) << text;
  std::istringstream again(text);
  EXPECT_EQ(read_cases(again, "again").size(), 2U);
  const Json all = list({"--cases", file, "--json"}).json();
  EXPECT_EQ(all["suites"].back()["cases"].size(), 2U);
  EXPECT_FALSE(all["kernels"].empty());
}

TEST(List, EveryKernelHasItsExample) {
  for (const Json& kernel : a_listing()["kernels"]) {
    EXPECT_EQ(kernel_name(parse_case(kernel["example"].get<std::string>())), kernel["name"]);
    EXPECT_EQ(kind(parse_case(kernel["example"].get<std::string>())), kernel["kind"]);
    EXPECT_FALSE(kernel["dtypes"].empty());
  }
}

}  // namespace
}  // namespace moat
