// SPDX-License-Identifier: Apache-2.0
// Runs with other schedules than the table's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bench/record/file.hpp"
#include "bench/run/run.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/tune/tuned.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/porting_sums.hpp"
#include "tests/support/temporary_folder.hpp"

namespace moat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::set<std::string> ran_with;
void (*spoil)(NaiveDevice&) = nullptr;

DeviceList list_device() {
  auto device = std::make_unique<NaiveDevice>();
  device->menu = {"own", "wide", "narrow"};
  device->after = [d = device.get()](int, const Problem&) { ran_with.insert(d->ran_with.back()); };
  if (spoil != nullptr) spoil(*device);
  DeviceList list;
  list.devices.push_back(std::move(device));
  return list;
}

class TunedRun : public testing::Test {
 protected:
  void SetUp() override {
    ran_with.clear();
    spoil = nullptr;
    options_.out = folder_.path() / "record.json";
    options_.problems.cases = {"gemm/f32/m20n30k40", "sum/f32/n1000"};
    options_.samples = 10;
    options_.budget_seconds = 0.2;
    world_.backends = {{.name = "cpu", .list = list_device}};
    world_.baselines = [](Device&) { return Baselines{}; };
    world_.ceilings = [](Device&, Clock&, std::size_t, const CeilingNeeds&) { return Ceilings{}; };
    world_.porting = [] { return PortingSection{.record = share(no_porting_sums()), .table = ""}; };
    world_.codegen = [](const std::set<std::string>&) {
      return Reading<JsonDocument>::none("no GPU");
    };
    world_.out = &out_;
  }

  Record record() const {
    std::ifstream file(*options_.out);
    return parse_record(std::string{std::istreambuf_iterator<char>(file), {}});
  }
  std::vector<std::string> implementations() const {
    std::vector<std::string> names;
    for (const CaseRecord& c : record().cases) names.push_back(c.kernel + " " + c.implementation);
    return names;
  }

  // For the naive device, but for what `change` does.
  void tune_to(const std::string& schedule, void (*change)(TunedDevice&) = nullptr) {
    TunedDevice d{.backend = "cpu",
                  .name = "Naive",
                  .architecture = "plain",
                  .compute_units = 1,
                  .driver = {},
                  .classes = {{.shape_class = "gemm/f32/m32n32k64",
                               .schedule = schedule,
                               .instead_of = "own",
                               .speed = 1.5,
                               .cases = {}}},
                  .kept = {},
                  .undecided = {}};
    if (change != nullptr) change(d);
    options_.tuned = folder_.path() / "tuned.json";
    write_file(
        *options_.tuned,
        to_text({.version = "1", .commit = "c", .record = "r", .hot = false, .devices = {d}}));
  }

  TemporaryFolder folder_;
  RunOptions options_;
  RunWorld world_;
  std::ostringstream out_;
};

TEST_F(TunedRun, TheRecordTellsWhichScheduleRan) {
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "sum moat"));
  EXPECT_EQ(record().cases[0].schedule, "own");
  EXPECT_EQ(record().cases[1].schedule, std::nullopt);
  EXPECT_EQ(ran_with, std::set<std::string>{""});
}

TEST_F(TunedRun, ATunedScheduleStandsBesideTheTables) {
  tune_to("wide");
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "gemm moat.wide", "sum moat"));
  EXPECT_EQ(record().cases[1].schedule, "wide");
  EXPECT_EQ(ran_with, (std::set<std::string>{"", "wide"}));
  // Its speed is told beside the table's, and is nothing that a library reached.
  ASSERT_EQ(record().cases[1].ratios.size(), 1u);
  EXPECT_EQ(record().cases[1].ratios[0].baseline, "moat");
  EXPECT_TRUE(record().cases[0].ratios.empty());
  EXPECT_THAT(out_.str(), HasSubstr("× moat"));
  EXPECT_THAT(out_.str(), HasSubstr("moat.…  our kernel with that schedule"));
}

TEST_F(TunedRun, WhatIsOfAnotherDeviceIsNotUsed) {
  tune_to("wide", [](TunedDevice& d) { d.architecture = "fancy"; });
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("is not used for cpu:0: architecture: fancy there, plain here"));
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "sum moat"));
}

// Each by a line, and used nevertheless.
TEST_F(TunedRun, OtherConditionsAreNamed) {
  tune_to("wide");
  options_.hot = true;
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(options_, world_), kExitOk);
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_THAT(err, HasSubstr("was measured by a build of commit c, this is "));
  EXPECT_THAT(err, HasSubstr("was measured without --hot, this run is with it"));
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "gemm moat.wide", "sum moat"));
}

TEST_F(TunedRun, ADeviceThatCannotTellItsSchedulesSolvesNevertheless) {
  spoil = [](NaiveDevice& device) { device.refuses_to_list = true; };
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "sum moat"));
}

TEST_F(TunedRun, AScheduleThatTheBuildLacksIsNamed) {
  tune_to("gone");
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("gemm/f32/m20n30k40 is offered no schedule gone"));
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "sum moat"));
}

TEST_F(TunedRun, WhatTheTableChoosesAnywayRunsOnce) {
  tune_to("own");
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("knows no faster schedule for these cases"));
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "sum moat"));
}

TEST_F(TunedRun, AllSchedulesOfWhatHasSeveral) {
  options_.all_schedules = true;
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "gemm moat.wide", "gemm moat.narrow"));
  EXPECT_EQ(ran_with, (std::set<std::string>{"", "wide", "narrow"}));
  options_.problems.cases = {"sum/f32/n1000"};
  EXPECT_EQ(run(options_, world_), kExitNothing);
}

TEST_F(TunedRun, AWrongScheduleFailsAlone) {
  options_.all_schedules = true;
  spoil = [](NaiveDevice& device) {
    device.after = [&device](int, const Problem& p) {
      const auto* gemm = std::get_if<GemmProblem>(&p);
      if (device.ran_with.back() == "wide") static_cast<float*>(gemm->c)[7] += 100;
    };
  };
  EXPECT_EQ(run(options_, world_), kExitFailed);
  const Record r = record();
  ASSERT_EQ(r.cases.size(), 3u);
  EXPECT_EQ(r.cases[0].status, Status::ok);
  EXPECT_EQ(r.cases[1].status, Status::failed);
  EXPECT_EQ(r.cases[2].status, Status::ok);
}

// A first case is measured whatever it takes. The last of the tests, since no run of this process
// is complete after.
TEST_F(TunedRun, NoCaseIsBegunWhenTimeIsOver) {
  options_.all_schedules = true;
  options_.limit_seconds = 1e-9;
  options_.problems.cases = {"gemm/f32/m20n30k40", "gemm/f32/m21n30k40"};
  EXPECT_EQ(run(options_, world_), kExitOk);
  EXPECT_THAT(implementations(), ElementsAre("gemm moat", "gemm moat.wide", "gemm moat.narrow"));
  EXPECT_TRUE(record().run.interrupted);
}

}  // namespace
}  // namespace moat
