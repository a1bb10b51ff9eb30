// SPDX-License-Identifier: Apache-2.0
#include "bench/software/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "bench/run/usage_error.hpp"
#include "bench/software/document.hpp"
#include "bench/software/text.hpp"
#include "bench/text/exit_codes.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

// Set for the device that is listed next.
std::function<void(int call, const Problem&)> after_call;

DeviceList list_naive() {
  auto device = std::make_unique<NaiveDevice>();
  if (after_call) device->after = after_call;
  DeviceList list;
  list.devices.push_back(std::move(device));
  return list;
}

DeviceList list_none() { return {.devices = {}, .skipped = "no driver"}; }

class ComparisonTest : public testing::Test {
 protected:
  void SetUp() override {
    after_call = nullptr;
    world_.backends = {{.name = "cpu", .list = list_naive}, {.name = "cuda", .list = list_none}};
    world_.ceilings = [this](Device&, Clock&, std::size_t, const CeilingNeeds&) {
      return ceilings_;
    };
    world_.out = &out_;
    options_.samples = 20;
    options_.budget_seconds = 0.3;
    // More than any device reaches: nothing is suspect.
    ceilings_.flops_f32 = 1e15;
    ceilings_.read_bytes = ceilings_.copy_bytes = 1e14;
    options_.pairings = {{.name = "sizes",
                          .says = "as they are",
                          .ways = {{.name = "all", .text = "gemm/f32/m32n32k64"},
                                   {.name = "half", .text = "gemm/f32/m32n32k32"},
                                   {.name = "none", .text = "nokernel"}}}};
  }

  Json run() { return compare_ways(options_, world_); }

  ComparisonOptions options_;
  RunWorld world_;
  Ceilings ceilings_;
  std::ostringstream out_;
};

TEST_F(ComparisonTest, TimesWaysInTheSameRounds) {
  const Json document = run();
  EXPECT_EQ(exit_code_of(document), kExitOk);
  EXPECT_EQ(document.at("schema"), "moat-software");
  const Json& pairing = document.at("pairings").at(0);
  EXPECT_EQ(pairing.at("device"), "cpu:0");
  const Json& all = pairing.at("ways").at(0);
  EXPECT_EQ(all.at("status"), "ok") << all;
  EXPECT_EQ(all.at("flops"), 2 * 32 * 32 * 64);
  EXPECT_EQ(all.at("bytes"), 4 * (32 * 64 + 64 * 32 + 32 * 32));
  EXPECT_EQ(all.at("kept_bytes"), 4 * 64 * 32);
  EXPECT_EQ(all.at("cache"), "cold");
  EXPECT_GE(all.at("samples"), 10);
  const Json& compared = pairing.at("comparisons").at(0);
  EXPECT_EQ(compared.at("plain"), "all");
  EXPECT_EQ(compared.at("way"), "half");
  const double ratio = compared.at("measured").get<double>();
  // Twice the work of one kernel: whatever else runs meanwhile slows both.
  EXPECT_GT(ratio, 1.3);
  EXPECT_LT(ratio, 3);
  EXPECT_LE(compared.at("interval").at(0), ratio);
  EXPECT_GE(compared.at("interval").at(1), ratio);
  EXPECT_GE(compared.at("rounds"), 10);
  EXPECT_DOUBLE_EQ(compared.at("predicted").get<double>(),
                   (32.0 * 64 + 64 * 32 + 32 * 32) / (32.0 * 32 + 32 * 32 + 32 * 32));
  EXPECT_EQ(compared.at("bytes_ratio"), compared.at("predicted")) << "memory binds both";
  EXPECT_DOUBLE_EQ(compared.at("measured_over_predicted").get<double>(),
                   ratio / compared.at("predicted").get<double>());
  EXPECT_EQ(compared.at("measured_over_bytes"), compared.at("measured_over_predicted"));
  EXPECT_THAT(comparison_text(document, false),
              testing::ContainsRegex("half gains [0-9.]+ × by moving 1.67 × fewer bytes: "));
  EXPECT_EQ(document.at("skipped_backends").at(0).at("reason"), "no driver");
}

TEST_F(ComparisonTest, SkipsWhatThisBuildLacks) {
  const Json document = run();
  const Json& pairing = document.at("pairings").at(0);
  const Json& none = pairing.at("ways").at(2);
  EXPECT_EQ(none.at("status"), "skipped");
  EXPECT_EQ(none.at("reason"), "no kernel nokernel in this build");
  for (const std::size_t i : {1u, 2u}) {
    const Json& c = pairing.at("comparisons").at(i);
    EXPECT_TRUE(c.at("measured").is_null());
    EXPECT_EQ(c.at("measured_reason"), "none has no time: no kernel nokernel in this build");
    EXPECT_TRUE(c.at("predicted").is_null());
  }
  EXPECT_EQ(pairing.at("comparisons").at(2).at("plain"), "half");
  const std::string text = comparison_text(document, false);
  EXPECT_THAT(text, HasSubstr("sizes on cpu:0: as they are\n"));
  EXPECT_THAT(text, HasSubstr("all ÷ this"));
  EXPECT_THAT(text, HasSubstr("none: skipped: no kernel nokernel in this build"));
  options_.pairings[0].ways = {{.name = "a", .text = "nokernel"}, {.name = "b", .text = "other"}};
  EXPECT_EQ(exit_code_of(run()), kExitNothing);
}

TEST_F(ComparisonTest, RowsOfTheReportHaveWhatTheDocumentHas) {
  const Json document = run();
  const Json rows = software_rows(document);
  ASSERT_EQ(rows.size(), 3u);
  const Json& half = rows.at(1);
  const Json& compared = document.at("pairings").at(0).at("comparisons").at(0);
  EXPECT_EQ(half.at("case"), "gemm/f32/m32n32k32");
  EXPECT_EQ(half.at("plain"), "all");
  EXPECT_EQ(half.at("measured"), compared.at("measured"));
  EXPECT_EQ(half.at("upper"), compared.at("interval").at(1));
  EXPECT_EQ(half.at("predicted"), compared.at("predicted"));
  EXPECT_EQ(half.at("bytes_ratio"), compared.at("bytes_ratio"));
  EXPECT_EQ(half.at("predicted_reason"), nullptr);
  EXPECT_EQ(rows.at(2).at("predicted_reason"), "no kernel nokernel in this build");
  EXPECT_EQ(rows.at(0).at("measured"), nullptr);
  EXPECT_EQ(rows.at(2).at("status"), "skipped");
  EXPECT_EQ(rows.at(2).at("seconds"), nullptr);
}

// A way that is wrong has no time, and the others keep theirs.
TEST_F(ComparisonTest, WrongResultsAreNeverTimed) {
  after_call = [](int, const Problem& problem) {
    const auto& p = std::get<GemmProblem>(problem);
    if (p.k == 32) static_cast<float*>(p.c)[p.m * p.n - 1] += 100;
  };
  const Json document = run();
  EXPECT_EQ(exit_code_of(document), kExitFailed);
  const Json& pairing = document.at("pairings").at(0);
  EXPECT_EQ(pairing.at("ways").at(0).at("status"), "ok");
  const Json& wrong = pairing.at("ways").at(1);
  EXPECT_EQ(wrong.at("status"), "failed");
  EXPECT_FALSE(wrong.contains("seconds"));
  EXPECT_TRUE(pairing.at("comparisons").at(0).at("measured").is_null());
}

TEST_F(ComparisonTest, ResultsThatGoWrongWhileTimedAreDropped) {
  after_call = [](int call, const Problem& problem) {
    const auto& p = std::get<GemmProblem>(problem);
    if (call > 200 && p.k == 32) static_cast<float*>(p.c)[0] += 100;
  };
  options_.samples = 2000;
  const Json document = run();
  EXPECT_EQ(document.at("pairings").at(0).at("ways").at(1).at("status"), "failed") << document;
}

TEST_F(ComparisonTest, FasterThanTheCeilingsIsSuspect) {
  int asked = 0;
  world_.ceilings = [&](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    ++asked;
    Ceilings low;
    low.flops_f32 = 1;
    low.read_bytes = low.copy_bytes = 1;
    return low;
  };
  const Json document = run();
  EXPECT_EQ(asked, 2) << "they are measured again beside the ways";
  EXPECT_EQ(document.at("pairings").at(0).at("ways").at(0).at("status"), "suspect");
  EXPECT_EQ(exit_code_of(document), kExitFailed);
}

// Beside ways that had calm samples the ceilings are tried again, and no more than three times.
TEST_F(ComparisonTest, DisturbedCeilingsAreMeasuredAgain) {
  const Ceilings calm = ceilings_;
  Ceilings disturbed;
  disturbed.missing = {"read: disturbed: 9 of 9 samples were set aside"};
  disturbed.disturbed = {"f32", "read"};
  int asked = 0;
  int calm_from = 2;
  world_.ceilings = [&](Device&, Clock&, std::size_t, const CeilingNeeds&) {
    return ++asked >= calm_from ? calm : disturbed;
  };
  const Json document = run();
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(document.at("pairings").at(0).at("comparisons").at(0).at("predicted").is_null());
  EXPECT_EQ(document.at("devices").at(0).at("ceilings").at("read_bytes"), 1e14);

  for (int i = 0; i < 5; ++i) options_.pairings.push_back(options_.pairings[0]);
  calm_from = 100;
  asked = 0;
  const Json busy = run();
  EXPECT_EQ(asked, 4);
  EXPECT_TRUE(busy.at("pairings").at(0).at("comparisons").at(0).at("predicted").is_null());
  // What is missing for good is not asked for again.
  disturbed.disturbed.clear();
  asked = 0;
  run();
  EXPECT_EQ(asked, 1);
}

// On a machine that is too busy for ceilings, not for ways: a yardstick in their rounds tells what
// memory does there, which makes no way suspect.
TEST_F(ComparisonTest, YardsticksStandInForDisturbedCeilings) {
  ceilings_ = {};
  ceilings_.missing = {"read: disturbed: 9 of 9 samples were set aside"};
  ceilings_.disturbed = {"read"};
  options_.pairings[0].ways = {{.name = "wide", .text = "gemm/f32/m1n512k512"},
                               {.name = "narrow", .text = "gemm/f32/m1n256k512"}};
  const Json document = run();
  EXPECT_EQ(exit_code_of(document), kExitOk);
  const Json& rates = document.at("devices").at(0).at("ceilings");
  EXPECT_GT(rates.at("read_bytes"), 1e6);
  EXPECT_EQ(rates.at("read_bytes_from"), "a yardstick beside the ways");
  const Json& compared = document.at("pairings").at(0).at("comparisons").at(0);
  EXPECT_DOUBLE_EQ(compared.at("predicted").get<double>(),
                   (512.0 + 512 * 512 + 512) / (512.0 + 256 * 512 + 256));
  EXPECT_THAT(comparison_text(document, false), HasSubstr("B/s (beside the ways)"));
}

// Calm samples beside disturbed ones would tell of the other work.
TEST_F(ComparisonTest, DisturbedWaysHaveNoRatio) {
  ScriptedScheduling scheduling;
  scheduling.step = 1;
  world_.scheduling = &scheduling;
  options_.budget_seconds = 0.05;
  const Json document = run();
  EXPECT_EQ(exit_code_of(document), kExitDisturbed);
  const Json& pairing = document.at("pairings").at(0);
  EXPECT_EQ(pairing.at("ways").at(0).at("status"), "disturbed");
  EXPECT_FALSE(pairing.at("ways").at(0).contains("seconds"));
  EXPECT_TRUE(pairing.at("comparisons").at(0).at("measured").is_null());
  EXPECT_THAT(pairing.at("comparisons").at(0).at("measured_reason").get<std::string>(),
              HasSubstr("all has no time: other work on the machine"));
}

TEST_F(ComparisonTest, FewRoundsGiveNoRatio) {
  options_.samples = 5;
  const Json document = run();
  const Json& compared = document.at("pairings").at(0).at("comparisons").at(0);
  EXPECT_TRUE(compared.at("measured").is_null());
  EXPECT_THAT(compared.at("measured_reason").get<std::string>(), HasSubstr("only 5 rounds"));
  EXPECT_THAT(comparison_text(document, false), HasSubstr("no ratio all ÷ half: only 5 rounds"));
}

TEST_F(ComparisonTest, MissingCeilingsLeaveNoPrediction) {
  ceilings_ = {};
  ceilings_.missing = {"read: nothing to read"};
  const Json document = run();
  const Json& compared = document.at("pairings").at(0).at("comparisons").at(0);
  EXPECT_FALSE(compared.at("measured").is_null());
  EXPECT_TRUE(compared.at("predicted").is_null());
  EXPECT_THAT(compared.at("predicted_reason").get<std::string>(), HasSubstr("nothing to read"));
  EXPECT_THAT(comparison_text(document, false),
              HasSubstr("no prediction of all ÷ half: no memory ceiling: read: nothing to read"));
}

TEST_F(ComparisonTest, OneVectorIsPredictedFromItsBytesAlone) {
  ceilings_.flops_f32.reset();
  options_.pairings[0].ways = {{.name = "wide", .text = "gemm/f32/m1n64k64"},
                               {.name = "narrow", .text = "gemm/f32/m1n32k64"}};
  const Json document = run();
  const Json& compared = document.at("pairings").at(0).at("comparisons").at(0);
  EXPECT_EQ(compared.at("predicted_from_memory_alone"), true);
  EXPECT_DOUBLE_EQ(compared.at("predicted").get<double>(),
                   (64.0 + 64 * 64 + 64) / (64.0 + 64 * 32 + 32));
  EXPECT_THAT(comparison_text(document, false), HasSubstr("1.97 (memory alone)"));
}

TEST_F(ComparisonTest, ATooLargeWayIsAnErrorOfItsPairingAlone) {
  options_.pairings.push_back({.name = "large",
                               .says = "more than there is",
                               .ways = {{.name = "a", .text = "gemm/f32/m1000000n1000000k1"},
                                        {.name = "b", .text = "gemm/f32/m8n8k8"}}});
  const Json document = run();
  EXPECT_EQ(document.at("pairings").at(0).at("ways").at(0).at("status"), "ok");
  const Json& large = document.at("pairings").at(1).at("ways").at(0);
  EXPECT_EQ(large.at("status"), "error");
  EXPECT_THAT(large.at("reason").get<std::string>(), HasSubstr("of memory"));
  EXPECT_EQ(exit_code_of(document), kExitDevice);
}

TEST_F(ComparisonTest, UnknownDevicesAreRefused) {
  options_.devices = {"cpu:7"};
  EXPECT_THROW(run(), UsageError);
}

}  // namespace
}  // namespace moat
