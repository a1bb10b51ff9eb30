// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/platforms.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "bench/compare/across.hpp"
#include "bench/compare/format.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

const std::vector<double> kMillisecond(12, 1e-3);

// Two records of one run each, of which the second is changed.
std::vector<NamedRecord> two(const std::function<void(Record&)>& change) {
  std::vector<NamedRecord> records(2, timed_record({{"sum/f32/n1", kMillisecond}}));
  change(records[1].record);
  return records;
}

std::vector<std::string> labels(const std::vector<NamedRecord>& records) {
  std::vector<std::string> list;
  const Platforms platforms(records);
  for (const auto& p : platforms.all()) list.push_back(p.label);
  return list;
}

using Labels = std::vector<std::string>;

TEST(Platforms, SeveralRunsAreOne) {
  EXPECT_EQ(labels(two([](Record& r) { r.run.seed = 7; })), Labels{"cpu Xeon"});
  EXPECT_EQ(labels(two([](Record& r) { r.build.commit.value = "f00"; })), Labels{"cpu Xeon"});
}

TEST(Platforms, OtherConditionsStayApartAndAreNamed) {
  EXPECT_EQ(labels(two([](Record& r) { r.run.threads = 1; })),
            (Labels{"cpu Xeon (threads: 2)", "cpu Xeon (threads: 1)"}));
  EXPECT_EQ(labels(two([](Record& r) { r.run.threads = r.devices[0].compute_units = 1; })),
            (Labels{"cpu Xeon (threads: 2)", "cpu Xeon (threads: 1)"}))
      << "what follows from the threads is not named too";
  EXPECT_EQ(labels(two([](Record& r) { r.devices[0].compute_units = 1; })),
            (Labels{"cpu Xeon (compute units: 2)", "cpu Xeon (compute units: 1)"}));
  EXPECT_EQ(labels(two([](Record& r) { r.devices[0].architecture = "avx2"; })),
            (Labels{"cpu Xeon (architecture: avx512)", "cpu Xeon (architecture: avx2)"}));
  EXPECT_EQ(labels(two([](Record& r) { r.build.flags = "-O2"; })),
            (Labels{"cpu Xeon (compiler flags: -O3)", "cpu Xeon (compiler flags: -O2)"}));
  const auto records = two([](Record& r) { r.build.flags = "-O3 -march=native -Wall"; });
  EXPECT_EQ(Platforms(records).all()[1].device, 0u) << "one device under two sets of conditions";
  auto flags = records;
  flags[0].record.build.flags = "-O3 -mavx512f -Wall";
  EXPECT_EQ(labels(flags), (Labels{"cpu Xeon (compiler flags: -mavx512f)",
                                   "cpu Xeon (compiler flags: -march=native)"}));
  flags[0].record.build.flags = "-O3 -Wall";
  EXPECT_EQ(labels(flags), (Labels{"cpu Xeon (compiler flags: -O3 -Wall)",
                                   "cpu Xeon (compiler flags: -march=native)"}));
  EXPECT_EQ(labels(two([](Record& r) { r.cases[0].cache = "hot"; })),
            (Labels{"cpu Xeon (cache: cold)", "cpu Xeon (cache: hot)"}));
  EXPECT_EQ(labels(two([](Record& r) {
              r.run.threads = 1;
              r.devices[0].name = "EPYC";
            })),
            (Labels{"cpu Xeon", "cpu EPYC"}))
      << "the name tells them apart";
}

TEST(Platforms, EachLabelSaysNoMoreThanItMust) {
  auto records = two([](Record& r) { r.devices[0].architecture = "avx2"; });
  for (const int threads : {1, 4}) {
    records.push_back(records[0]);
    records.back().record.run.threads = threads;
  }
  EXPECT_EQ(labels(records),
            (Labels{"cpu Xeon (architecture: avx512, threads: 2)", "cpu Xeon (architecture: avx2)",
                    "cpu Xeon (architecture: avx512, threads: 1)",
                    "cpu Xeon (architecture: avx512, threads: 4)"}));
}

TEST(Platforms, DevicesOfOneNameStayApart) {
  auto record = timed_record({{"sum/f32/n1", kMillisecond}});
  record.record.devices.push_back(record.record.devices[0]);
  record.record.devices[1].index = 1;
  EXPECT_EQ(labels({record}), (Labels{"cpu:0 Xeon", "cpu:1 Xeon"}));
  EXPECT_EQ(labels({record, record}), (Labels{"cpu:0 Xeon", "cpu:1 Xeon"}));

  const auto on_host = [](const std::string& name) {
    return [=](Record& r) { r.host.name = Reading<std::string>::of(name); };
  };
  auto hosts = two(on_host("b"));
  on_host("a")(hosts[0].record);
  EXPECT_EQ(labels(hosts), (Labels{"cpu Xeon (host: a)", "cpu Xeon (host: b)"}));
  on_host("0123456789ab")(hosts[0].record);
  on_host("ba9876543210")(hosts[1].record);
  EXPECT_EQ(labels(hosts), Labels{"cpu Xeon"}) << "containers are named anew in each run";
}

// Cases too small to leave the cache are hot in every run, which sets no run apart.
TEST(Platforms, SmallCasesAreNoRunOfTheirOwn) {
  auto records = two([](Record&) {});
  for (auto& r : records) {
    r.record.cases.push_back(timed_case({"sum/f32/n2", kMillisecond}));
    r.record.cases[1].cache = "hot";
  }
  EXPECT_EQ(labels(records), Labels{"cpu Xeon"});
  records[1].record.cases[0].cache = "hot";
  EXPECT_EQ(labels(records), (Labels{"cpu Xeon (cache: cold)", "cpu Xeon (cache: hot)"}));
}

TEST(Platforms, WhatTheRunWasGrantedStaysApart) {
  EXPECT_EQ(labels(two([](Record& r) { r.run.cpu_quota = 0.5; })),
            (Labels{"cpu Xeon (CPU quota: none)", "cpu Xeon (CPU quota: 0.5)"}));
  EXPECT_EQ(labels(two([](Record& r) { r.run.processors.value = {0}; })),
            (Labels{"cpu Xeon (processors: 0,2)", "cpu Xeon (processors: 0)"}));
}

TEST(Platforms, OnlyTheCasesInTheCacheAreApart) {
  auto records = two([](Record&) {});
  for (auto& r : records) r.record.cases.push_back(timed_case({"sum/f32/n2", kMillisecond}));
  records[1].record.cases[0].cache = "hot";
  const Platforms platforms(records);
  ASSERT_EQ(platforms.all().size(), 2u);
  EXPECT_EQ(platforms.of(0, records[0].record.cases[0]), 0u);
  EXPECT_EQ(platforms.of(1, records[1].record.cases[0]), 1u);
  EXPECT_EQ(platforms.of(0, records[0].record.cases[1]), 0u);
  EXPECT_EQ(platforms.of(1, records[1].record.cases[1]), 0u) << "its operands were in memory";
}

TEST(Across, TheNewestBuildCountsAndTheOthersAreNamed) {
  for (const auto& change : std::vector<std::function<void(Build&)>>{
           [](Build& b) { b.commit.value = std::string(40, 'f'); },
           [](Build& b) { b.dirty.value = true; },
           [](Build& b) { b.executable = "0123456789abcdef"; },
           [](Build& b) { b.compiler = "Clang 19.1"; }}) {
    const auto records = two([&](Record& r) {
      change(r.build);
      r.cases[0] = timed_case({"sum/f32/n1", std::vector<double>(12, 3e-3)});
    });
    const Across across = compare_across(records, "", {});
    EXPECT_DOUBLE_EQ(*across.cases[0].seconds[0], 3e-3);
    ASSERT_EQ(across.notes.size(), 1u);
    EXPECT_NE(across.notes[0].find("1 record of other builds left out (0123456789ab, GNU 12.2.0)"),
              std::string::npos)
        << across.notes[0];
  }
  EXPECT_TRUE(compare_across(two([](Record&) {}), "", {}).notes.empty());
}

TEST(Across, AFailedRunBesideAnOkOneIsSaid) {
  const auto records =
      two([](Record& r) { r.cases[0] = without_times(r.cases[0], Status::failed, "wrong at 3"); });
  for (const auto& order : {records, std::vector<NamedRecord>{records[1], records[0]}}) {
    const Across across = compare_across(order, "", {});
    EXPECT_FALSE(across.cases[0].speed[0].has_value());
    EXPECT_EQ(across.cases[0].reason[0], "failed: wrong at 3 (ok in another run)");
  }
}

TEST(Platforms, BuildsThatAreNotOptimisedAreNamed) {
  const auto debug = two([](Record& r) { r.build.build_type = "Debug", r.build.flags = "-g"; });
  const Platforms platforms(debug);
  EXPECT_EQ(platforms.all()[1].label,
            "cpu Xeon (build type: Debug, this build is not optimised (Debug))");
  EXPECT_NE(platforms.all()[1].warning.find("say nothing about the kernels"), std::string::npos);
  EXPECT_EQ(platforms.all()[0].warning, "");
  EXPECT_EQ(labels({debug[1]}), Labels{"cpu Xeon (this build is not optimised (Debug))"});
}

TEST(Across, ARunThatLacksCasesIsSaid) {
  const auto complete = two([](Record& r) { r.run.planned = 1; });
  EXPECT_TRUE(compare_across(complete, "", {}).unfinished.empty());
  for (const bool interrupted : {false, true}) {
    auto records = complete;
    records[1].path = "b.json";
    records[1].record.run.planned = 3;
    records[1].record.run.interrupted = interrupted;
    const Across across = compare_across(records, "", {});
    const std::string said = interrupted
                                 ? "b.json: the run was interrupted after 1 of 3 cases"
                                 : "b.json: the record has 1 of the 3 cases that were planned";
    EXPECT_EQ(across.unfinished, std::vector{said});
    EXPECT_TRUE(format_across(across, CompareFormat::table, false).starts_with("warning: " + said));
    const Json json = Json::parse(format_across(across, CompareFormat::json, false));
    EXPECT_EQ(json["unfinished"], Json({said}));
  }
}

TEST(Across, KeepsConditionsApart) {
  auto records = two([](Record& r) {
    r.run.threads = 1;
    r.cases[0] = timed_case({"sum/f32/n1", std::vector<double>(12, 2e-3)});
  });
  auto other = timed_record({{"sum/f32/n1", kMillisecond}});
  other.record.devices[0].name = "Other";
  records.push_back(other);
  const Across across = compare_across(records, "Other", {});
  ASSERT_EQ(across.devices.size(), 3u);
  EXPECT_DOUBLE_EQ(across.cases[0].speed[0]->ratio, 1);
  EXPECT_DOUBLE_EQ(across.cases[0].speed[1]->ratio, 0.5);
}

TEST(Across, ColdAndHotHaveNoSpeed) {
  auto records = two([](Record& r) {
    r.devices[0].name = "Other";
    r.cases[0].cache = "hot";
  });
  const Across across = compare_across(records, "", {});
  EXPECT_FALSE(across.cases[0].speed[1].has_value());
  EXPECT_EQ(across.cases[0].reason[1], "cache: hot, the baseline's cold");
  EXPECT_FALSE(across.means.back().speed[1].has_value());
}

TEST(Across, FewSamplesHaveNoSpeedAndEnterNoMean) {
  auto records = two([](Record& r) {
    r.devices[0].name = "Other";
    r.cases[0] = timed_case({"sum/f32/n1", {1e-3, 1e-3, 1e-3}});
  });
  Across across = compare_across(records, "Xeon", {});
  EXPECT_FALSE(across.cases[0].speed[1].has_value());
  EXPECT_EQ(across.cases[0].reason[1], "too few samples (3)");
  EXPECT_DOUBLE_EQ(*across.cases[0].seconds[1], 1e-3);
  EXPECT_FALSE(across.means.back().speed[1].has_value());
  across = compare_across(records, "Other", {});
  EXPECT_EQ(across.cases[0].reason[0], "the baseline has too few samples (3)");
  EXPECT_FALSE(across.means.back().speed[0].has_value());
}

}  // namespace
}  // namespace moat
