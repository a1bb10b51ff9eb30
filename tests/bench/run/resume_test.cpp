// SPDX-License-Identifier: Apache-2.0
#include "bench/run/resume.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bench/record/file.hpp"
#include "bench/run/run.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/porting_sums.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

class ResumeTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.out = path_;
    options_.resume = true;
    options_.arguments = {"moat", "run", "--resume"};
    options_.problems.cases = {"gemm/f32/m20n30k40", "sum/f32/n1000", "gemm/f32/m8n9k10"};
    options_.samples = 10;
    options_.budget_seconds = 0.2;
    world_.backends = {{.name = "cpu", .list = list}};
    world_.baselines = [](Device&) { return Baselines{}; };
    world_.ceilings = [this](Device&, Clock&, std::size_t, const CeilingNeeds&) {
      ++ceilings_measured_;
      Ceilings c;
      c.flops_f32 = flops_;
      return c;
    };
    world_.porting = [] { return PortingSection{.record = share(no_porting_sums()), .table = ""}; };
    world_.codegen = [](const std::set<std::string>&) {
      return Reading<JsonDocument>::none("no GPU");
    };
    world_.out = &out_;
    solved_.clear();
    on_call_ = [](const Problem&) {};
  }

  // Tells the test which problems it solved.
  static DeviceList list() {
    auto device = std::make_unique<NaiveDevice>();
    device->after = [](int, const Problem& p) {
      if (const auto* gemm = std::get_if<GemmProblem>(&p)) solved_.push_back(gemm->m);
      if (std::holds_alternative<ReductionProblem>(p)) solved_.push_back(0);
      on_call_(p);
    };
    DeviceList devices;
    devices.devices.push_back(std::move(device));
    return devices;
  }

  int run_once() {
    solved_.clear();
    out_.str("");
    return run(options_, world_);
  }
  static bool solved(int m) { return std::ranges::find(solved_, m) != solved_.end(); }

  Record record() const {
    std::ifstream file(path_);
    return parse_record(std::string{std::istreambuf_iterator<char>(file), {}});
  }

  // What a power cut leaves that comes while the problem with m rows (0: the sum) is solved.
  void cut_at(int m) {
    const fs::path cut = temporary_.path() / "cut.json";
    on_call_ = [&](const Problem& p) {
      const auto* gemm = std::get_if<GemmProblem>(&p);
      if ((gemm != nullptr ? gemm->m : 0) == m && !fs::exists(cut)) fs::copy_file(path_, cut);
    };
    EXPECT_EQ(run_once(), kExitOk);
    on_call_ = [](const Problem&) {};
    fs::rename(cut, path_);
  }

  static void expect_whole(const Record& r) {
    ASSERT_EQ(r.cases.size(), 3u);
    EXPECT_EQ(r.cases[0].problem, "gemm/f32/m20n30k40");
    EXPECT_EQ(r.cases[1].problem, "sum/f32/n1000");
    EXPECT_EQ(r.cases[2].problem, "gemm/f32/m8n9k10");
    EXPECT_FALSE(r.run.interrupted);
    EXPECT_EQ(r.run.planned, 3);
    EXPECT_EQ(unfinished(r), "");
  }

  std::string refusal() {
    try {
      run_once();
    } catch (const UsageError& e) {
      return e.what();
    }
    return "it was not refused";
  }

  TemporaryFolder temporary_;
  fs::path path_ = temporary_.path() / "record.json";
  RunOptions options_;
  RunWorld world_;
  std::ostringstream out_;
  int ceilings_measured_ = 0;
  double flops_ = 1e15;
  inline static std::vector<int> solved_;
  inline static std::function<void(const Problem&)> on_call_;
};

TEST_F(ResumeTest, WithoutARecordItBegins) {
  EXPECT_EQ(run_once(), kExitOk);
  expect_whole(record());
}

TEST_F(ResumeTest, GoesOnWithWhatIsLeft) {
  cut_at(0);
  const Record half = record();
  EXPECT_TRUE(half.run.interrupted);
  ASSERT_EQ(half.cases.size(), 1u);
  EXPECT_EQ(half.cases[0].status, Status::ok);
  flops_ = 2e15;
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_FALSE(solved(20)) << "measured again";
  EXPECT_TRUE(solved(0) && solved(8));
  const Record whole = record();
  expect_whole(whole);
  EXPECT_EQ(whole.cases[0].series[0].seconds, half.cases[0].series[0].seconds);
  EXPECT_EQ(whole.run.started, half.run.started);
  EXPECT_GT(whole.run.duration_seconds, half.run.duration_seconds);
  EXPECT_EQ(whole.devices[0].ceilings.flops_f32.get(), 2e15);
  EXPECT_NE(out_.str().find("m20n30k40"), std::string::npos) << "the table has all cases";
}

TEST_F(ResumeTest, KeepsTheHigherCeiling) {
  cut_at(0);
  flops_ = 5e14;
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_EQ(record().devices[0].ceilings.flops_f32.get(), 1e15);
}

TEST_F(ResumeTest, WithNothingLeftItMeasuresNothing) {
  EXPECT_EQ(run_once(), kExitOk);
  const Record before = record();
  ceilings_measured_ = 0;
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_TRUE(solved_.empty());
  EXPECT_EQ(ceilings_measured_, 0);
  const Record after = record();
  expect_whole(after);
  EXPECT_EQ(after.cases[2].series[0].seconds, before.cases[2].series[0].seconds);
  EXPECT_EQ(after.devices[0].ceilings.flops_f32.get(), 1e15);
}

// The commit tells the sources of a clean tree.
TEST_F(ResumeTest, TheProgramIsNamedWhereTheCommitDoesNotTellIt) {
  EXPECT_EQ(run_once(), kExitOk);
  const Build build = record().build;
  EXPECT_EQ(build.executable.has_value(), build.dirty.value.value_or(true));
}

TEST_F(ResumeTest, WithoutTheOptionNothingIsKept) {
  EXPECT_EQ(run_once(), kExitOk);
  options_.resume = false;
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_TRUE(solved(20) && solved(0) && solved(8));
}

TEST_F(ResumeTest, AWrongResultStaysAndSoDoesTheExitCode) {
  on_call_ = [](const Problem& p) {
    const auto* gemm = std::get_if<GemmProblem>(&p);
    if (gemm != nullptr && gemm->m == 20) static_cast<float*>(gemm->c)[0] += 100;
  };
  EXPECT_EQ(run_once(), kExitFailed);
  on_call_ = [](const Problem&) {};
  EXPECT_EQ(run_once(), kExitFailed);
  EXPECT_FALSE(solved(20));
}

TEST_F(ResumeTest, AnotherBuildOrOtherOptionsAreRefused) {
  cut_at(0);
  const Record half = record();
  const auto rewrite = [&](const std::function<void(Record&)>& change) {
    Record other = half;
    change(other);
    std::ofstream(path_) << to_text(other);
  };
  rewrite([](Record& r) { r.build.commit = Reading<std::string>::of(std::string(40, 'a')); });
  EXPECT_NE(refusal().find("commit: " + std::string(40, 'a') + " there, "), std::string::npos)
      << refusal();
  EXPECT_NE(refusal().find(path_.string() + " is not continued"), std::string::npos);
  EXPECT_EQ(record().build.commit.get(), std::string(40, 'a')) << "what was refused was changed";
  rewrite([](Record& r) { r.build.compiler = "Other 1.0"; });
  EXPECT_NE(refusal().find("compiler: Other 1.0 there"), std::string::npos);
  // Of changed sources the commit does not tell which build it was, and older records tell nothing.
  for (const Reading<bool>& dirty :
       {Reading<bool>::of(true), Reading<bool>::none("built outside a git repository")}) {
    Record now = half;
    now.build.dirty = dirty;
    now.build.executable = "0123456789abcdef";
    Record other = now;
    EXPECT_EQ(why_not_resumed(other, now), "");
    other.build.executable = "0123456789abcdee";
    EXPECT_EQ(why_not_resumed(other, now),
              "program, whose sources are not those of a commit: 0123456789abcdee there, "
              "0123456789abcdef here");
    other.build.executable.reset();
    EXPECT_NE(why_not_resumed(other, now).find(": unknown there, 0123456789abcdef here"),
              std::string::npos);
    now.build.executable.reset();
    EXPECT_NE(why_not_resumed(other, now), "") << "not known to be the same";
  }
  rewrite([](Record& r) { r.devices[0].architecture = "other"; });
  EXPECT_NE(refusal().find("device cpu:0: Naive (other, "), std::string::npos);
  rewrite([](Record& r) { r.libraries.push_back({"onednn", "3", "isa"}); });
  EXPECT_NE(refusal().find("onednn: 3 (isa) there, none here"), std::string::npos);
  rewrite([](Record&) {});
  options_.arguments.emplace_back("--seed=2");
  EXPECT_NE(refusal().find("options: run there, run --seed=2 here"), std::string::npos)
      << refusal();
  options_.arguments = {"/elsewhere/moat", "run", "--out", "x.json", "--progress"};
  EXPECT_EQ(run_once(), kExitOk) << "however the program is called";
}

TEST_F(ResumeTest, WhatWasDisturbedOrDidNotRunIsTriedAgain) {
  EXPECT_EQ(run_once(), kExitOk);
  for (const Status status : {Status::disturbed, Status::error}) {
    Record r = record();
    r.cases[1].status = status;
    r.cases[1].message = "why";
    EXPECT_FALSE(has_case(r, r.cases[1].name, 1));
  }
}

TEST_F(ResumeTest, ARecordThatCannotBeWrittenMeanwhileStopsNothing) {
  options_.out = temporary_.path() / "folder" / "record.json";
  fs::create_directory(temporary_.path() / "folder");
  on_call_ = [&](const Problem&) { fs::remove_all(temporary_.path() / "folder"); };
  const char* const before = std::getenv("TMPDIR");
  const std::string temporary = before != nullptr ? before : "";
  setenv("TMPDIR", temporary_.path().c_str(), 1);
  testing::internal::CaptureStderr();
  EXPECT_THROW(run_once(), WriteError) << "the last attempt tells";
  const std::string said = testing::internal::GetCapturedStderr();
  before != nullptr ? setenv("TMPDIR", temporary.c_str(), 1) : unsetenv("TMPDIR");
  EXPECT_TRUE(solved(8)) << "all were measured";
  EXPECT_NE(said.find("; the run goes on"), std::string::npos) << said;
  // What was measured is not lost.
  const fs::path kept = temporary_.path() / "moat-record.json";
  EXPECT_NE(said.find("the record is in " + kept.string() + " instead"), std::string::npos) << said;
  EXPECT_TRUE(fs::exists(kept));
}

TEST_F(ResumeTest, FewerSamplesThanTheLeastAreRefused) {
  options_.min_samples = 11;
  EXPECT_NE(refusal().find("--samples 10 allows fewer samples than --min-samples 11"),
            std::string::npos)
      << refusal();
}

TEST_F(ResumeTest, WhatIsNoRecordIsRefused) {
  std::ofstream(path_) << "{";
  EXPECT_NE(refusal().find("is not continued"), std::string::npos);
}

TEST_F(ResumeTest, NeedsAFileOfItsOwn) {
  options_.out = temporary_.path();
  EXPECT_NE(refusal().find("--resume needs --out FILE.json"), std::string::npos) << refusal();
  options_.out.reset();
  EXPECT_NE(refusal().find("--resume needs --out FILE.json"), std::string::npos);
  options_.out = path_;
  options_.google_benchmark = {"--benchmark_out=" + (temporary_.path() / "b.json").string()};
  EXPECT_NE(refusal().find("--benchmark_out"), std::string::npos);
}

// The options are the same, and the file is another.
TEST_F(ResumeTest, AFileOfCasesMaySayOtherwiseHowOftenTheyOccurButNotWhich) {
  const fs::path file = temporary_.path() / "cases.txt";
  options_.problems.cases.clear();
  options_.problems.case_file = file.string();
  std::ofstream(file) << "sum/f32/n1000 3\ngemm/f32/m8n9k10\n";
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_EQ(record().cases[0].weight, 3);
  std::ofstream(file) << "sum/f32/n1000 5\ngemm/f32/m8n9k10\n";
  solved_.clear();
  EXPECT_EQ(run_once(), kExitOk);
  EXPECT_TRUE(solved_.empty());
  EXPECT_EQ(record().cases[0].weight, 5);
  EXPECT_EQ(record().cases[1].weight, 1);
  std::ofstream(file) << "gemm/f32/m8n9k10\n";
  EXPECT_NE(refusal().find("sum/f32/n1000 is there, and is not among the cases now"),
            std::string::npos)
      << refusal();
}

TEST_F(ResumeTest, AllRepetitionsAreWanted) {
  EXPECT_EQ(run_once(), kExitOk);
  Record r = record();
  EXPECT_TRUE(has_case(r, "sum/f32/n1000/cpu/moat", 1));
  EXPECT_FALSE(has_case(r, "sum/f32/n1000/cpu/moat", 2));
  EXPECT_FALSE(has_case(r, "sum/f32/n999/cpu/moat", 1));
  r.cases[1].series[0].stop_reason = "interrupted";
  EXPECT_FALSE(has_case(r, "sum/f32/n1000/cpu/moat", 1));
}

}  // namespace
}  // namespace moat
