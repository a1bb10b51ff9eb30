// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "bench/record/record.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<Json> sets() {
  const Json all = Json::parse(moat_command({"list", "--json"}).out);
  return all.at("instruction_sets").get<std::vector<Json>>();
}

Record record_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return parse_record(std::string(std::istreambuf_iterator<char>(file), {}));
}

// A machine's tests are built for that machine.
TEST(Sets, OneIsChosenAndItsNamesAreOwn) {
  std::vector<std::string> names;
  int chosen = 0;
  for (const Json& set : sets()) {
    names.push_back(set.at("name"));
    EXPECT_FALSE(set.at("architecture").get<std::string>().empty());
    if (!set.at("chosen").get<bool>()) continue;
    ++chosen;
    EXPECT_TRUE(set.at("missing").empty()) << set;
    EXPECT_EQ(set.at("refused"), "") << set;
  }
  EXPECT_EQ(chosen, 1);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

// An odd case of every kernel with every set that this processor has, and the record says which it
// was. What runs without --cpu the other tests have.
TEST(Sets, EachSolvesEveryKernelAndIsRecorded) {
  const TemporaryFolder folder;
  const std::filesystem::path record = folder.path() / "record.json";
  const Json all = Json::parse(moat_command({"list", "--json"}).out);
  std::vector<std::string> run = {"run",   "--backend", "cpu", "--no-baselines", "--budget",
                                  "0.001", "--samples", "1",   "--out",          record.string()};
  std::map<std::string, std::string> odd;
  for (const Json& suite : all.at("suites")) {
    if (suite.at("name") != "edges") continue;
    for (const std::string name : suite.at("cases")) odd[name.substr(0, name.find('/'))] = name;
  }
  ASSERT_EQ(odd.size(), all.at("kernels").size());
  for (const auto& [kernel, name] : odd) run.insert(run.end(), {"--case", name});
  for (const Json& set : all.at("instruction_sets")) {
    if (!set.at("missing").empty() || set.at("refused") != "" || set.at("chosen").get<bool>()) {
      continue;
    }
    const std::string name = set.at("name");
    std::vector<std::string> arguments = run;
    arguments.insert(arguments.end(), {"--cpu", name});
    const Finished f = Spawned(
                           arguments, [] {}, QUICK_MOAT_BINARY)
                           .wait();
    EXPECT_TRUE(f.exit_code == kExitOk || f.exit_code == kExitDisturbed) << name << '\n' << f.err;
    const Record r = record_of(record);
    EXPECT_EQ(r.devices.at(0).architecture, set.at("architecture")) << name;
    EXPECT_EQ(r.cases.size(), odd.size()) << name;
    for (const auto& c : r.cases) {
      EXPECT_TRUE(c.status == Status::ok || c.status == Status::disturbed)
          << name << ' ' << c.problem << ": " << c.message;
    }
  }
}

TEST(Sets, OneThatIsNotBuiltIsNamedWithTheMend) {
  const Finished f = moat_command({"run", "--cpu", "mmx"});
  EXPECT_EQ(f.exit_code, kExitUsage);
  EXPECT_THAT(f.err, HasSubstr("--cpu mmx: this build has kernels for "));
  EXPECT_THAT(f.err, HasSubstr("-DMOAT_CPU=all"));
}

TEST(Sets, OneThatTheProcessorLacksIsRefused) {
  for (const Json& set : sets()) {
    if (set.at("missing").empty()) continue;
    const Finished f = moat_command({"run", "--cpu", set.at("name"), "--case", "sum/f32/n1000"});
    EXPECT_EQ(f.exit_code, kExitUsage) << set;
    EXPECT_THAT(f.err,
                HasSubstr("this processor lacks " + set.at("missing")[0].get<std::string>()));
    return;
  }
  GTEST_SKIP() << "this processor has all sets of this build";
}

TEST(Sets, AreListedForPeople) {
  const std::string text = moat_command({"list"}).out;
  EXPECT_THAT(text, HasSubstr("Instruction sets of the CPU backend (--cpu)\n"));
  EXPECT_THAT(text, HasSubstr("(the default here)"));
  EXPECT_THAT(text, Not(HasSubstr("lacks \n")));
}

}  // namespace
}  // namespace moat
