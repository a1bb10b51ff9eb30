// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "bench/compare/across.hpp"
#include "bench/compare/compare_command.hpp"
#include "bench/compare/format.hpp"
#include "bench/compare/gate.hpp"
#include "bench/compare/noise.hpp"
#include "bench/run/usage_error.hpp"
#include "tests/bench/compare/synthetic.hpp"

namespace moat {
namespace {

// n samples within 0.2 % of `seconds`.
std::vector<double> steady(double seconds, std::size_t n = 20) {
  std::vector<double> samples(n);
  for (std::size_t i = 0; i < n; ++i) {
    samples[i] = seconds * (1 + 0.001 * (static_cast<double>(i * 7 % 5) - 2));
  }
  return samples;
}

const CaseComparison& find(const Comparison& comparison, const std::string& name) {
  return *std::ranges::find(comparison.cases, name, &CaseComparison::name);
}

int exit_code_of(const Comparison& comparison) { return judge_gate(comparison).exit_code; }

CompareOptions at(double threshold) { return {.threshold = threshold, .bootstrap = {}}; }

TEST(Compare, GivesEachCaseItsVerdict) {
  std::vector<double> wild(20);
  for (std::size_t i = 0; i < wild.size(); ++i) wild[i] = 1e-3 * static_cast<double>(1 + i * 7 % 5);
  auto base = timed_record({{"sum/f32/n1", steady(1e-3)},
                            {"sum/f32/n2", steady(1e-3)},
                            {"sum/f32/n3", steady(1e-3)},
                            {"sum/f32/n4", wild},
                            {"sum/f32/n5", steady(1e-3)},
                            {"sum/f32/n6", steady(1e-3)},
                            {"sum/f32/n7", steady(1e-3)},
                            {"sum/f32/n8", steady(1e-3, 4)}});
  auto now = timed_record({{"sum/f32/n1", steady(1.2e-3)},
                           {"sum/f32/n2", steady(0.8e-3)},
                           {"sum/f32/n3", steady(1.01e-3)},
                           {"sum/f32/n4", wild},
                           {"sum/f32/n5", steady(1e-3)},
                           {"sum/f32/n6", steady(1e-3)},
                           {"sum/f32/n9", steady(1e-3)},
                           {"sum/f32/n8", steady(9e-3, 4)}});
  now.record.cases[4].cache = "hot";
  now.record.cases[5] = without_times(now.record.cases[5], Status::failed, "wrong at 3");
  const Comparison c = compare_records({base}, {now}, at(0.05));
  ASSERT_EQ(c.cases.size(), 9u);
  EXPECT_EQ(find(c, "sum/f32/n1/cpu/moat").verdict, Verdict::slower);
  EXPECT_EQ(find(c, "sum/f32/n2/cpu/moat").verdict, Verdict::faster);
  EXPECT_EQ(find(c, "sum/f32/n3/cpu/moat").verdict, Verdict::same);
  EXPECT_EQ(find(c, "sum/f32/n4/cpu/moat").verdict, Verdict::inconclusive);
  EXPECT_EQ(find(c, "sum/f32/n5/cpu/moat").verdict, Verdict::incomparable);
  EXPECT_EQ(find(c, "sum/f32/n5/cpu/moat").reason, "cache: hot, was cold");
  EXPECT_EQ(find(c, "sum/f32/n6/cpu/moat").verdict, Verdict::unverified);
  EXPECT_EQ(find(c, "sum/f32/n6/cpu/moat").reason, "failed: wrong at 3");
  EXPECT_FALSE(find(c, "sum/f32/n6/cpu/moat").new_seconds.has_value());
  EXPECT_EQ(find(c, "sum/f32/n7/cpu/moat").verdict, Verdict::missing);
  EXPECT_TRUE(find(c, "sum/f32/n7/cpu/moat").only_base);
  EXPECT_EQ(find(c, "sum/f32/n9/cpu/moat").verdict, Verdict::missing);
  EXPECT_EQ(find(c, "sum/f32/n8/cpu/moat").verdict, Verdict::too_few_samples);
  EXPECT_NE(find(c, "sum/f32/n8/cpu/moat").reason.find("4 samples"), std::string::npos);
  EXPECT_NEAR(find(c, "sum/f32/n1/cpu/moat").ratio->ratio, 1.2, 1e-9);
}

TEST(Compare, KnowsThatASideIsASingleRun) {
  const auto run = timed_record({{"sum/f32/n1", steady(1e-3)}});
  EXPECT_TRUE(compare_records({run}, {run}, at(0.05)).single_runs);
  EXPECT_FALSE(compare_records({run, run}, {run}, at(0.05)).single_runs);
  auto turn = run;
  turn.record.run.session = "s";
  EXPECT_FALSE(compare_records({turn}, {turn}, at(0.05)).single_runs);
}

TEST(Compare, OtherDevicesAndBuildsAreIncomparable) {
  const auto base = timed_record({{"sum/f32/n1", steady(1e-3)}});
  const auto verdict_of = [&](const auto& change) {
    auto now = timed_record({{"sum/f32/n1", steady(1e-3)}});
    change(now.record);
    const Comparison c = compare_records({base}, {now}, at(0.05));
    return std::pair(c.cases[0].verdict, c.cases[0].reason);
  };
  using P = std::pair<Verdict, std::string>;
  EXPECT_EQ(verdict_of([](Record& r) { r.devices[0].name = "EPYC"; }),
            P(Verdict::incomparable, "device: EPYC, was Xeon"));
  EXPECT_EQ(verdict_of([](Record& r) { r.build.flags = "-O2"; }),
            P(Verdict::incomparable, "compiler flags: -O2, was -O3"));
  EXPECT_EQ(verdict_of([](Record& r) { r.run.threads = 1; }),
            P(Verdict::incomparable, "threads: 1, was 2"));
  EXPECT_EQ(verdict_of([](Record& r) { r.devices.clear(); }).first, Verdict::incomparable);
  EXPECT_EQ(verdict_of([](Record& r) { r.run.seed = 7; }).first, Verdict::same);
}

TEST(Compare, ALibraryOfAnotherVersionIsIncomparable) {
  const auto base = timed_record({{"sum/f32/n1", steady(1e-3), "onednn"}});
  auto now = base;
  now.record.libraries[0].detail = "sse41";
  const Comparison c = compare_records({base}, {now}, at(0.05));
  EXPECT_EQ(c.cases[0].verdict, Verdict::incomparable);
  EXPECT_FALSE(c.cases[0].gated);
}

TEST(Compare, RunsOfOneSideMustFitEachOther) {
  const auto base = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto other = base;
  other.record.devices[0].name = "EPYC";
  const Comparison c = compare_records({base, other}, {base}, at(0.05));
  EXPECT_EQ(c.cases[0].verdict, Verdict::incomparable);
  EXPECT_NE(c.cases[0].reason.find("runs of the base differ in device"), std::string::npos);
}

TEST(Compare, PairsOnlySamplesOfOneSession) {
  auto base = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto now = timed_record({{"sum/f32/n1", steady(1e-3)}});
  const auto paired = [&] { return compare_records({base}, {now}, at(0.05)).cases[0].paired; };
  EXPECT_FALSE(paired());
  base.record.run.session = "a";
  EXPECT_FALSE(paired());
  now.record.run.session = "a";
  EXPECT_TRUE(paired());
  // A sample that was left out shifts all that follow, unless each tells its round.
  SeriesRecord& series = now.record.cases[0].series[0];
  series.discarded.push_back({Reading<double>::of(1), "throttled"});
  EXPECT_FALSE(paired());
  series.rounds.emplace(series.seconds.size());
  std::iota(series.rounds->begin(), series.rounds->end(), 1);
  EXPECT_TRUE(paired());
  series.rounds.reset();
  series.discarded.clear();
  now.record.run.session = "b";
  EXPECT_FALSE(paired());
}

// Each build was slowed in rounds of its own: they leave with their partners.
TEST(Compare, PairsAreOfRoundsThatWereDisturbedForNeither) {
  std::vector<double> speed(40);
  for (std::size_t i = 0; i < speed.size(); ++i) speed[i] = 1e-3 * (1 + 0.5 * (i % 4));
  const auto without = [&](double factor, std::size_t every) {
    auto r = timed_record({{"sum/f32/n1", speed}});
    SeriesRecord& series = r.record.cases[0].series[0];
    series.seconds.clear();
    series.rounds.emplace();
    for (std::size_t i = 0; i < speed.size(); ++i) {
      if (i % every == 0) {
        series.discarded.push_back({Reading<double>::of(8e-3), "disturbed", 7e-3});
      } else {
        series.seconds.push_back(factor * speed[i]);
        series.rounds->push_back(static_cast<int>(i));
      }
    }
    r.record.cases[0].series.resize(3, SeriesRecord(series));
    r.record.run.session = "s";
    return r;
  };
  const auto c = compare_records({without(1, 3)}, {without(1.25, 5)}, at(0.05)).cases[0];
  EXPECT_TRUE(c.paired);
  EXPECT_EQ(c.processes, 3u);
  EXPECT_EQ(c.base_samples, 63u);
  EXPECT_EQ(c.new_samples, 63u);
  ASSERT_TRUE(c.ratio);
  EXPECT_NEAR(c.ratio->ratio, 1.25, 1e-9);
  EXPECT_EQ(c.verdict, Verdict::slower);
}

// A machine that stays busy: no time stands for itself, the ratios of the rounds do.
TEST(Compare, DisturbedCasesAreJudgedOnlyAsPairsOfASession) {
  const auto disturbed = [](double seconds, const char* session) {
    auto r = timed_record({{"sum/f32/n1", steady(seconds)}});
    CaseRecord& c = r.record.cases[0];
    const auto series = c.series;
    c = without_times(std::move(c), Status::disturbed, "other work");
    c.series.assign(3, series[0]);
    r.record.run.session = session;
    return r;
  };
  const auto verdict = [](const NamedRecord& base, const NamedRecord& now) {
    return compare_records({base}, {now}, at(0.05)).cases[0];
  };
  EXPECT_EQ(verdict(disturbed(1e-3, "s"), disturbed(1e-3, "s")).verdict, Verdict::same);
  EXPECT_EQ(verdict(disturbed(1e-3, "s"), disturbed(2e-3, "s")).verdict, Verdict::slower);
  EXPECT_FALSE(verdict(disturbed(1e-3, "s"), disturbed(2e-3, "s")).new_seconds);
  const CaseComparison apart = verdict(disturbed(1e-3, "s"), disturbed(2e-3, "t"));
  EXPECT_FALSE(apart.ratio);
  EXPECT_TRUE(apart.reason.starts_with("other work")) << apart.reason;
  EXPECT_EQ(apart.verdict, Verdict::disturbed);
  const auto steady_run = timed_record({{"sum/f32/n1", steady(1e-3)}});
  for (const auto& [base, now] :
       {std::pair(disturbed(1e-3, "s"), steady_run), {steady_run, disturbed(1e-3, "s")}}) {
    const Comparison c = compare_records({base}, {now}, at(0.05));
    EXPECT_EQ(c.cases[0].verdict, Verdict::disturbed);
    EXPECT_EQ(exit_code_of(c), kCompareUndecided);
  }
  auto lost = disturbed(9e-3, "s");
  lost.record.run.session.reset();
  const Comparison c = compare_records({steady_run}, {steady_run, lost}, at(0.05));
  EXPECT_EQ(c.cases[0].verdict, Verdict::same) << "the other run of the side has a number";
}

TEST(Gate, ExitCodesDifferByCause) {
  const auto gate = [](double base, double now, const auto& change) {
    const auto b = timed_record({{"sum/f32/n1", steady(base)}, {"sum/f32/n2", steady(1e-3)}});
    auto n = timed_record({{"sum/f32/n1", steady(now)}, {"sum/f32/n2", steady(1e-3)}});
    change(n.record);
    return exit_code_of(compare_records({b}, {n}, at(0.05)));
  };
  const auto nothing = [](Record&) {};
  EXPECT_EQ(gate(1e-3, 1e-3, nothing), kCompareOk);
  EXPECT_EQ(gate(1e-3, 0.5e-3, nothing), kCompareOk) << "a speed-up never fails";
  EXPECT_EQ(gate(1e-3, 1.5e-3, nothing), kCompareSlower);
  EXPECT_EQ(gate(1e-3, 1e-3, [](Record& r) { r.cases.pop_back(); }), kCompareUnverified);
  EXPECT_EQ(gate(1e-3, 1e-3,
                 [](Record& r) {
                   r.cases[0] = without_times(r.cases[0], Status::error, "out of memory");
                 }),
            kCompareUnverified);
  EXPECT_EQ(gate(1e-3, 1e-3, [](Record& r) { r.devices[0].name = "EPYC"; }), kCompareIncomparable);
  EXPECT_EQ(gate(1e-3, 1.5e-3, [](Record& r) { r.cases.pop_back(); }), kCompareSlower)
      << "the worse of two causes";
}

// No noise floor is known where nothing can be judged, and the cause has the exit code.
TEST(Gate, WithoutACaseToJudgeTheCauseIsNamedAndNotTheNoise) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto n = b;
  n.record.run.threads = b.record.run.threads + 1;
  Comparison c = compare_records({b}, {n}, at(0.05));
  EXPECT_FALSE(c.floor.has_value());
  EXPECT_EQ(exit_code_of(c), kCompareIncomparable);
  const auto few = timed_record({{"sum/f32/n1", steady(1e-3, 4)}});
  c = compare_records({b}, {few}, at(0.05));
  EXPECT_FALSE(c.floor.has_value());
  EXPECT_EQ(exit_code_of(c), kCompareUndecided);
  n = b;
  n.record.cases[0] = without_times(n.record.cases[0], Status::failed, "wrong");
  EXPECT_EQ(exit_code_of(compare_records({b}, {n}, at(0.05))), kCompareUnverified);
  // All cases of the base are missing: the records are of different cases.
  const auto other = timed_record({{"max/f32/n1", steady(1e-3)}});
  EXPECT_EQ(exit_code_of(compare_records({b}, {other}, at(0.05))), kCompareNothing);
}

TEST(Gate, TooFewSamplesNameWhatEndedTheSampling) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto n = timed_record({{"sum/f32/n1", steady(1e-3, 4)}});
  n.record.cases[0].series[0].stop_reason = "budget";
  EXPECT_EQ(compare_records({b}, {n}, at(0.05)).cases[0].reason,
            "4 samples; 10 are needed: give the run more --budget");
  n.record.cases[0].series[0].stop_reason = "count";
  EXPECT_EQ(compare_records({b}, {n}, at(0.05)).cases[0].reason,
            "4 samples; 10 are needed: give the run a larger --samples");
}

TEST(Gate, ASlowerLibraryIsNoRegressionOfOurs) {
  const auto b =
      timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n1", steady(1e-3), "onednn"}});
  auto n = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n1", steady(1.02e-3), "onednn"}});
  const Comparison c = compare_records({b}, {n}, at(0.05));
  EXPECT_EQ(exit_code_of(c), kCompareOk);
  n = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n1", steady(2e-3), "onednn"}});
  EXPECT_EQ(exit_code_of(compare_records({b}, {n}, at(0.05))), kCompareNoise)
      << "equal code that differs by that much is the machine's noise";
}

TEST(Gate, RefusesAThresholdBelowTheNoise) {
  std::vector<double> drifting(40);
  for (std::size_t i = 0; i < 40; ++i) drifting[i] = 1e-3 * (1 + 0.01 * static_cast<double>(i));
  const auto r = timed_record({{"sum/f32/n1", drifting}});
  const Comparison c = compare_records({r}, {r}, at(0.05));
  EXPECT_EQ(exit_code_of(c), kCompareNoise);
  ASSERT_TRUE(c.floor.has_value());
  EXPECT_NEAR(*c.floor, 0.18, 0.03);
  EXPECT_EQ(exit_code_of(compare_records({r}, {r}, at(0.5))), kCompareOk);
  // What helps against it: samples of one process, processes of a session.
  EXPECT_NE(judge_gate(c).verdict.find("--budget"), std::string::npos);
  Comparison in_turns = c;
  in_turns.cases[0].paired = true;
  const std::string advice = judge_gate(in_turns).verdict;
  EXPECT_NE(advice.find("--benchmark_repetitions"), std::string::npos) << advice;
  EXPECT_EQ(advice.find("--budget"), std::string::npos) << advice;
  // Without samples to know it from, no threshold is known to be above the noise.
  const auto few = timed_record({{"sum/f32/n1", steady(1e-3, 6)}});
  EXPECT_EQ(exit_code_of(compare_records({few}, {few}, at(0.5))), kCompareUndecided);
  // Pairs of several short series: enough in all, none long enough to know its noise.
  const auto session = [&] {
    auto two = timed_record({{"sum/f32/n1", steady(1e-3, 6)}});
    two.record.cases[0].series.push_back(two.record.cases[0].series[0]);
    two.record.run.session = "a";
    return two;
  };
  const Gate gate = judge_gate(compare_records({session()}, {session()}, at(0.5)));
  EXPECT_EQ(gate.exit_code, kCompareNoise);
  EXPECT_NE(gate.verdict.find("the noise floor is unknown"), std::string::npos) << gate.verdict;
}

// What a gate cannot judge does not pass, whichever way it seems to go.
TEST(Gate, FewSamplesAreNotJudged) {
  const auto gate = [](std::size_t base, std::size_t now, double factor) {
    const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}, {"max/f32/n1", steady(1e-3, base)}});
    const auto n =
        timed_record({{"sum/f32/n1", steady(1e-3)}, {"max/f32/n1", steady(factor * 1e-3, now)}});
    return judge_gate(compare_records({b}, {n}, at(0.05)));
  };
  for (const double factor : {100.0, 1.0, 0.01}) {
    EXPECT_EQ(gate(20, 4, factor).exit_code, kCompareUndecided) << factor;
    EXPECT_EQ(gate(9, 20, factor).exit_code, kCompareUndecided) << factor;
    EXPECT_EQ(gate(1, 1, factor).exit_code, kCompareUndecided) << factor;
  }
  EXPECT_EQ(gate(10, 10, 1).exit_code, kCompareOk);
  EXPECT_EQ(gate(10, 10, 100).exit_code, kCompareSlower);
  EXPECT_EQ(gate(20, 4, 1).verdict, "not passed: 1 could not be judged");
}

TEST(Gate, ASlowCaseGoesBeforeOneThatIsUndecided) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}, {"max/f32/n1", steady(1e-3, 4)}});
  const auto n = timed_record({{"sum/f32/n1", steady(2e-3)}, {"max/f32/n1", steady(1e-3, 4)}});
  EXPECT_EQ(exit_code_of(compare_records({b}, {n}, at(0.05))), kCompareSlower);
}

// An interval that just reaches over the threshold is what equal code often has.
TEST(Gate, AnInconclusiveCasePassesUnlessItMayWellBeSlower) {
  // Resampled ratios evenly from `lower` to `upper`.
  const auto judged = [](double lower, double upper) {
    std::vector<double> logs(1000);
    for (std::size_t i = 0; i < logs.size(); ++i) {
      logs[i] = std::log(lower) + std::log(upper / lower) * static_cast<double>(i) / 999;
    }
    const RatioEstimate ratio = to_estimate(std::sqrt(lower * upper), std::move(logs));
    EXPECT_EQ(judge(ratio, 0.05), Verdict::inconclusive);
    return leaves_undecided(ratio, 0.05);
  };
  EXPECT_FALSE(judged(0.96, 1.06));
  EXPECT_FALSE(judged(0.5, 1.04)) << "between same and faster";
  EXPECT_FALSE(judged(0.88, 1.09));
  EXPECT_TRUE(judged(0.99, 1.17)) << "slower more likely than not";
  EXPECT_TRUE(judged(0.7, 1.5)) << "it may hide a slowdown of 50 %";
  EXPECT_TRUE(judged(0.97, 1.09));
}

TEST(Gate, ABaseWithoutResultIsUndecidedAndANewCasePasses) {
  auto b = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n2", steady(1e-3)}});
  const auto n = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n2", steady(1e-3)}});
  b.record.cases[1] = without_times(b.record.cases[1], Status::failed, "wrong at 3");
  EXPECT_EQ(exit_code_of(compare_records({b}, {n}, at(0.05))), kCompareUndecided);
  b.record.cases.pop_back();
  b.record.run.planned = 1;
  EXPECT_EQ(exit_code_of(compare_records({b}, {n}, at(0.05))), kCompareOk);
}

TEST(Gate, AnInterruptedRunIsNotJudged) {
  auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto n = b;
  n.record.run.interrupted = true;
  n.record.run.planned = 9;
  for (const auto& [base, now] : {std::pair(b, n), {n, b}, {n, n}}) {
    const Gate gate = judge_gate(compare_records({base}, {now}, at(0.05)));
    EXPECT_EQ(gate.exit_code, kCompareUndecided);
    EXPECT_NE(gate.reasons[0].find("interrupted after 1 of 9 cases"), std::string::npos);
  }
}

TEST(Gate, ARunThatLacksPlannedCasesIsNotJudged) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto n = b;
  n.record.run.planned = 9;
  const Gate gate = judge_gate(compare_records({b}, {n}, at(0.05)));
  EXPECT_EQ(gate.exit_code, kCompareUndecided);
  EXPECT_NE(gate.reasons[0].find("has 1 of the 9 cases that were planned"), std::string::npos);
}

TEST(Gate, ACaseThatOneOfSeveralRunsLacksDoesNotPass) {
  const auto both = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n2", steady(1e-3)}});
  auto one = timed_record({{"sum/f32/n1", steady(1e-3)}}, "one.json");
  Comparison c = compare_records({both}, {both, one}, at(0.05));
  EXPECT_EQ(find(c, "sum/f32/n2/cpu/moat").reason, "not in one.json");
  EXPECT_EQ(exit_code_of(c), kCompareUnverified);
  c = compare_records({one, both}, {both}, at(0.05));
  EXPECT_EQ(find(c, "sum/f32/n2/cpu/moat").reason, "base: not in one.json");
  EXPECT_EQ(exit_code_of(c), kCompareUndecided);
  // A run of another device was not asked.
  one.record.devices[0].backend = one.record.cases[0].backend = "cuda";
  one.record.cases[0].name = "sum/f32/n1/cuda/moat";
  EXPECT_EQ(exit_code_of(compare_records({both, one}, {both, one}, at(0.05))), kCompareOk);
}

TEST(Gate, OtherConditionsAreIncomparable) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  const auto now = [&](const auto& change) {
    auto n = b;
    change(n.record.run);
    return compare_records({b}, {n}, at(0.05));
  };
  const Comparison quota = now([](RunInfo& run) { run.cpu_quota = 0.5; });
  EXPECT_EQ(exit_code_of(quota), kCompareIncomparable);
  EXPECT_EQ(quota.cases[0].reason, "CPU quota: 0.5, was none");
  const Comparison processors = now([](RunInfo& run) { run.processors.value = {0}; });
  EXPECT_EQ(exit_code_of(processors), kCompareIncomparable);
  EXPECT_EQ(processors.cases[0].reason, "processors: 0, was 0,2");
}

TEST(Gate, RunsOfSeveralBuildsAreNoSide) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  const auto with = [&](const auto& change) {
    auto other = b;
    change(other.record.build);
    return other;
  };
  for (const auto& other : {with([](Build& x) { x.commit.value = std::string(40, 'f'); }),
                            with([](Build& x) { x.dirty.value = true; }),
                            with([](Build& x) { x.executable = "0123456789abcdef"; }),
                            with([](Build& x) { x.compiler = "Clang 19.1"; })}) {
    const Comparison c = compare_records({b, other}, {b}, at(0.05));
    EXPECT_EQ(exit_code_of(c), kCompareIncomparable);
    EXPECT_TRUE(c.cases[0].reason.starts_with("runs of the base differ in ")) << c.cases[0].reason;
    EXPECT_FALSE(c.floor.has_value()) << "other code says nothing about the noise";
    EXPECT_EQ(exit_code_of(compare_records({b}, {b, other}, at(0.05))), kCompareIncomparable);
    EXPECT_EQ(exit_code_of(compare_records({b}, {other}, at(0.05))), kCompareOk)
        << "builds are what is compared";
  }
}

TEST(Gate, WhatIsNoNumberIsUndecided) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double x : {infinity, nan, 0.0}) {
    for (const RatioEstimate& r : {RatioEstimate{.ratio = x, .lower = 1, .upper = 1},
                                   RatioEstimate{.ratio = 1, .lower = x, .upper = 1},
                                   RatioEstimate{.ratio = 1, .lower = 1, .upper = x}}) {
      EXPECT_EQ(judge(r, 0.05), Verdict::inconclusive);
      EXPECT_TRUE(leaves_undecided(r, 0.05));
    }
  }
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n2", steady(1e-3)}});
  const auto n = timed_record(
      {{"sum/f32/n1", std::vector<double>(20, 1.7e308)}, {"sum/f32/n2", steady(1e-3)}});
  for (const auto& [base, now] : {std::pair(b, n), {n, b}}) {
    const Comparison c = compare_records({base}, {now}, at(0.05));
    const Gate gate = judge_gate(c);
    EXPECT_EQ(gate.exit_code, kCompareUndecided);
    for (const auto format :
         {CompareFormat::table, CompareFormat::junit, CompareFormat::github, CompareFormat::json}) {
      const std::string text = format_comparison(c, format, gate, false);
      EXPECT_NE(text.find("no finite ratio"), std::string::npos) << text;
    }
  }
}

TEST(Gate, ANewCaseThatFailedSaysBoth) {
  const auto b = timed_record({{"sum/f32/n1", steady(1e-3)}});
  auto n = timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n2", steady(1e-3)}});
  n.record.cases[1] = without_times(n.record.cases[1], Status::failed, "wrong at 3");
  const Comparison c = compare_records({b}, {n}, at(0.05));
  EXPECT_EQ(exit_code_of(c), kCompareUnverified);
  EXPECT_EQ(find(c, "sum/f32/n2/cpu/moat").reason,
            "not in the base record; the new one failed: wrong at 3");
}

TEST(Gate, NothingOfOursInCommonDoesNotPass) {
  const auto libraries = timed_record({{"sum/f32/n1", steady(1e-3), "onednn"}});
  EXPECT_EQ(exit_code_of(compare_records({libraries}, {libraries}, at(0.05))), kCompareNothing);
}

TEST(Compare, WithoutAThresholdTheFloorIsOne) {
  std::vector<double> drifting(40);
  for (std::size_t i = 0; i < 40; ++i) drifting[i] = 1e-3 * (1 + 0.01 * static_cast<double>(i));
  const auto r = timed_record({{"sum/f32/n1", drifting}});
  const Comparison c = compare_records({r}, {r}, {});
  EXPECT_EQ(c.threshold, *c.floor);
  const auto calm = timed_record({{"sum/f32/n1", steady(1e-3)}});
  EXPECT_EQ(compare_records({calm}, {calm}, {}).threshold, 0.02);
}

TEST(Threshold, IsAShareOrAPercentage) {
  EXPECT_DOUBLE_EQ(parse_threshold("--gate", "5%"), 0.05);
  EXPECT_DOUBLE_EQ(parse_threshold("--gate", "2.5 %"), 0.025);
  EXPECT_DOUBLE_EQ(parse_threshold("--gate", "0.05"), 0.05);
  for (const char* bad : {"", " ", "5", "five", "-5%", "0%", "0", "5 percent", "nan", "nan%", "inf",
                          "inf%", "5%%", "1001%", "1e9", "-0.05", "%"}) {
    try {
      parse_threshold("--gate", bad);
      ADD_FAILURE() << bad;
    } catch (const UsageError& e) {
      EXPECT_EQ(std::string(e.what()).rfind("--gate: ", 0), 0u) << e.what();
    }
  }
}

TEST(Noise, OfRunsAndOfQuarters) {
  EXPECT_EQ(self_differences({{1, 1}, {1.1}}).size(), 1u);
  EXPECT_NEAR(self_differences({{1, 1}, {1.1}})[0], 0.1, 1e-12);
  EXPECT_TRUE(self_differences({{1, 2, 3}}).empty());
  EXPECT_TRUE(self_differences({std::vector<double>(9, 1)}).empty()) << "too few samples";
  const auto quarters = self_differences({{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}});
  ASSERT_EQ(quarters.size(), 3u);
  EXPECT_DOUBLE_EQ(quarters[1], 1) << "first and third quarter against the others";
  EXPECT_DOUBLE_EQ(quarters[0], 0);
  // Neighbours of a steady climb differ by little, its quarters by much.
  std::vector<double> climb(80);
  for (std::size_t i = 0; i < 80; ++i) climb[i] = 1 + 0.01 * static_cast<double>(i);
  EXPECT_LT(*noise_floor(paired_self_differences({climb})), 0.01);
  EXPECT_GT(*noise_floor(self_differences({climb})), 0.3);
  EXPECT_FALSE(noise_floor({}).has_value());
}

// A library that ran too briefly is no measure of the noise.
TEST(Noise, FewSamplesOfALibraryDoNotCount) {
  const auto b =
      timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n1", steady(1e-3, 3), "onednn"}});
  const auto n =
      timed_record({{"sum/f32/n1", steady(1e-3)}, {"sum/f32/n1", steady(3e-3, 3), "onednn"}});
  const Comparison c = compare_records({b}, {n}, at(0.05));
  EXPECT_LT(*c.floor, 0.01);
  EXPECT_EQ(exit_code_of(c), kCompareOk);
}

NamedRecord on_device(NamedRecord r, const std::string& backend, const std::string& name) {
  r.record.devices[0].backend = backend;
  r.record.devices[0].name = name;
  for (auto& c : r.record.cases) c.backend = backend;
  return r;
}

TEST(Across, MeansPerKernelAndOverall) {
  const auto h100 = on_device(timed_record({{"sum/f32/n1", steady(1e-3)},
                                            {"sum/f32/n2", steady(1e-3)},
                                            {"gemm/f32/m1n1k1", steady(1e-3)}}),
                              "cuda", "H100");
  auto mi300 = on_device(timed_record({{"sum/f32/n1", steady(2e-3)},
                                       {"sum/f32/n2", steady(0.5e-3)},
                                       {"gemm/f32/m1n1k1", steady(4e-3)}}),
                         "hip", "MI300X");
  const Across across = compare_across({mi300, h100}, "", {});
  ASSERT_EQ(across.devices.size(), 2u);
  EXPECT_EQ(across.devices[across.baseline].name, "H100") << "cuda is the baseline if it is there";
  ASSERT_EQ(across.means.size(), 3u);
  EXPECT_NEAR(across.means[0].speed[0]->ratio, 1, 1e-9) << "half and double speed";
  EXPECT_NEAR(across.means[1].speed[0]->ratio, 0.25, 1e-9);
  EXPECT_NEAR(across.means[2].speed[0]->ratio, 0.5, 1e-9);
  EXPECT_EQ(across.means[2].cases[0], 3);
  EXPECT_LT(across.means[2].speed[0]->lower, 0.5);
  EXPECT_DOUBLE_EQ(across.means[2].speed[1]->ratio, 1);

  mi300.record.cases[2] = without_times(mi300.record.cases[2], Status::failed, "wrong");
  const Across broken = compare_across({mi300, h100}, "cuda", {});
  EXPECT_FALSE(broken.means[1].speed[0].has_value());
  EXPECT_EQ(broken.means[2].cases[0], 2);
  EXPECT_EQ(broken.means[2].problems, 3);
  EXPECT_EQ(broken.cases[2].reason[0], "failed: wrong");
  EXPECT_THROW(compare_across({mi300, h100}, "tpu", {}), UsageError);
  EXPECT_EQ(compare_across({mi300, h100}, "MI300", {}).baseline, 0u);
}

}  // namespace
}  // namespace moat
