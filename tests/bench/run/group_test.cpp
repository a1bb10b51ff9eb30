// SPDX-License-Identifier: Apache-2.0
#include "bench/run/group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/run/case_records.hpp"
#include "tests/bench/run/first_element.hpp"
#include "tests/bench/run/naive_device.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

GroupOptions quick_options() {
  GroupOptions options;
  options.measure.warmup_seconds = 0;
  options.measure.min_sample_seconds = 1e-6;
  options.measure.sampler.max_samples = 20;
  options.measure.sampler.min_samples = 20;
  options.measure.sampler.budget_seconds = 1;
  options.memory_limit = std::size_t{1} << 26;
  return options;
}

Contender contender(Device& device, const std::string& name) {
  return {.name = name,
          .prepare = [&device] { return [&device](const Problem& p) { device.run(p); }; }};
}

CheckRecord a_check(bool passed) {
  return {.passed = passed,
          .error_over_bound = Reading<double>::of(passed ? 0.5 : 7.0),
          .elements = 600,
          .elements_checked = 600,
          .sampled = false,
          .message = passed ? "" : "wrong"};
}

Measurement three_samples(double seconds) {
  Measurement m;
  m.samples = {seconds, seconds, seconds};
  m.stop_reason = StopReason::count;
  return m;
}

class GroupTest : public testing::Test {
 protected:
  GroupOutcome run() {
    return run_group(device_, parse_case("gemm/f32/m20n30k40"), contenders_, options_, clock_);
  }

  NaiveDevice device_;
  NaiveDevice other_;
  SteadyClock clock_;
  GroupOptions options_ = quick_options();
  std::vector<Contender> contenders_ = {contender(device_, kOurs), contender(other_, "library")};
};

void set_c(const Problem& p, int index, float value) {
  static_cast<float*>(std::get<GemmProblem>(p).c)[index] = value;
}

TEST_F(GroupTest, RightResultsAreTimed) {
  const GroupOutcome outcome = run();
  ASSERT_EQ(outcome.results.size(), 2u);
  for (const auto& result : outcome.results) {
    EXPECT_EQ(result.status, Status::ok) << result.message;
    if (!result.measurement || !result.check) {
      ADD_FAILURE() << "not measured";
      continue;
    }
    EXPECT_GE(result.measurement->samples.size(), 10u);
    EXPECT_TRUE(result.check->passed);
    EXPECT_EQ(result.check->elements_checked, 600);
  }
  EXPECT_TRUE(outcome.cold);
  EXPECT_GE(outcome.rotation_sets, 2);
  EXPECT_FALSE(outcome.interrupted);
}

TEST_F(GroupTest, WrongResultIsNeverTimed) {
  int calls = 0;
  device_.after = [&](int call, const Problem& p) {
    calls = call;
    set_c(p, 599, 1e3f);
  };
  const GroupOutcome outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::failed);
  EXPECT_FALSE(outcome.results[0].measurement.has_value());
  EXPECT_FALSE(outcome.results[0].message.empty());
  EXPECT_TRUE(outcome.results[0].check && !outcome.results[0].check->passed);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(outcome.results[1].status, Status::ok) << "the library was right";
}

// A result that goes wrong only while the clock runs.
TEST_F(GroupTest, ResultThatGoesWrongWhileTimedIsDropped) {
  device_.after = [](int call, const Problem& p) {
    if (call >= 12) set_c(p, 0, std::numeric_limits<float>::quiet_NaN());
  };
  const GroupOutcome outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::failed);
  EXPECT_TRUE(outcome.results[0].message.starts_with("a timed call: "))
      << outcome.results[0].message;
  EXPECT_FALSE(outcome.results[0].measurement.has_value());
  EXPECT_EQ(outcome.results[1].status, Status::ok);
}

// One that is right when it is verified and does nothing afterwards.
TEST_F(GroupTest, ResultThatIsNotWrittenWhileTimedIsDropped) {
  device_.after = [](int call, const Problem& p) {
    if (call > 1) std::memset(std::get<GemmProblem>(p).c, 0xff, 600 * sizeof(float));
  };
  EXPECT_EQ(run().results[0].status, Status::failed);
}

// Kernels that work only at times. `skips` tells the calls that leave the output as it is.
class SkippedCallsTest : public GroupTest, public testing::WithParamInterface<bool> {
 protected:
  SkippedCallsTest() {
    options_.measure.hot = GetParam();
    // Batches, so that later calls hide what earlier ones left out.
    options_.measure.min_sample_seconds = GetParam() ? 1e-3 : 1e-6;
    options_.measure.sampler.max_samples = options_.measure.sampler.min_samples = 80;
  }

  void expect_caught(std::function<bool(int call, const Problem&)> skips) {
    for (options_.seed = 1; options_.seed <= 3; ++options_.seed) {
      NaiveDevice device;
      device.skips = skips;
      contenders_[0] = contender(device, kOurs);
      const auto outcome = run();
      EXPECT_EQ(outcome.results[0].status, Status::failed) << "seed " << options_.seed;
      EXPECT_FALSE(outcome.results[0].measurement.has_value());
      EXPECT_TRUE(outcome.results[0].check && !outcome.results[0].check->passed);
      EXPECT_EQ(outcome.results[1].status, Status::ok) << outcome.results[1].message;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, SkippedCallsTest, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Hot" : "Rotating"; });

TEST_P(SkippedCallsTest, EveryThirdAfterTheFortieth) {
  expect_caught([](int call, const Problem&) { return call > 40 && call % 3 == 0; });
}

TEST_P(SkippedCallsTest, MultiplesOfFive) {
  expect_caught([](int call, const Problem&) { return call % 5 == 0; });
}

TEST_P(SkippedCallsTest, AllThatFindAResult) {
  expect_caught([](int, const Problem& p) {
    return !std::isnan(static_cast<float*>(std::get<GemmProblem>(p).c)[599]);
  });
}

TEST_P(SkippedCallsTest, AllButTheFirstOfEachOutput) {
  std::set<void*> seen;
  expect_caught([seen](int call, const Problem& p) mutable {
    if (call == 1) seen.clear();
    return call > 2 && !seen.insert(std::get<GemmProblem>(p).c).second;
  });
}

// Each output is written at each call, with what was computed before.
TEST_P(SkippedCallsTest, AllThatCopyAnEarlierResult) {
  std::vector<float> kept;
  const float* last = nullptr;
  expect_caught([kept, last](int call, const Problem& p) mutable {
    auto* c = static_cast<float*>(std::get<GemmProblem>(p).c);
    if (call == 30) kept.assign(last, last + 600);
    last = c;
    if (call < 40) return false;
    std::ranges::copy(kept, c);
    return true;
  });
}

// C of other operands than those of the problem.
void solve_with(const float* a, const float* b, const Problem& problem) {
  const auto& p = std::get<GemmProblem>(problem);
  for (int i = 0; i < p.m; ++i) {
    for (int j = 0; j < p.n; ++j) {
      float sum = 0;
      for (int k = 0; k < p.k; ++k) sum += a[i * p.k + k] * b[k * p.n + j];
      static_cast<float*>(p.c)[i * p.n + j] = sum;
    }
  }
}

TEST_P(SkippedCallsTest, AllThatKnowTheirInputsByTheFirstElement) {
  std::map<float, std::vector<float>> kept;
  expect_caught([kept](int call, const Problem& problem) mutable {
    if (call == 1) kept.clear();
    const auto& p = std::get<GemmProblem>(problem);
    const auto* a = static_cast<const float*>(p.a);
    auto* c = static_cast<float*>(p.c);
    std::vector<float>& result = kept[*a];
    if (result.empty()) {
      solve_with(a, static_cast<const float*>(p.b), problem);
      result.assign(c, c + 600);
    }
    std::ranges::copy(result, c);
    return true;
  });
}

// What one call computed of B, and later ones use.
TEST_P(SkippedCallsTest, AllThatKeepAnOperand) {
  std::vector<float> kept;
  expect_caught([kept](int call, const Problem& problem) mutable {
    const auto& p = std::get<GemmProblem>(problem);
    const auto* b = static_cast<const float*>(p.b);
    if (call == 1) kept.assign(b, b + 30 * 40);
    solve_with(static_cast<const float*>(p.a), kept.data(), problem);
    return true;
  });
}

// Operands that stay in the cache, whatever is asked.
TEST_F(GroupTest, OperandsOfAnotherCallAreCaught) {
  for (const int first : {1, 5, 50}) {
    options_.measure.sampler.max_samples = options_.measure.sampler.min_samples = 80;
    const float* a = nullptr;
    const float* b = nullptr;
    NaiveDevice device;
    device.skips = [&](int call, const Problem& problem) {
      const auto& p = std::get<GemmProblem>(problem);
      if (call == first) {
        a = static_cast<const float*>(p.a);
        b = static_cast<const float*>(p.b);
      }
      if (call < first) return false;
      solve_with(a, b, problem);
      return true;
    };
    contenders_[0] = contender(device, kOurs);
    const auto outcome = run();
    EXPECT_EQ(outcome.results[0].status, Status::failed) << "from call " << first;
    EXPECT_EQ(outcome.results[1].status, Status::ok) << outcome.results[1].message;
  }
}

TEST_F(GroupTest, CallsSkippedInLongBatchesAreCaught) {
  options_.measure.hot = true;
  options_.measure.min_sample_seconds = 2e-3;
  device_.skips = [this](int, const Problem&) {
    const int calls = device_.timed_calls();
    return calls > 10 && calls % 16 != 0;
  };
  const auto outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::failed);
  EXPECT_EQ(outcome.results[1].status, Status::ok) << outcome.results[1].message;
}

TEST_F(GroupTest, ExceptionsEndOneContenderOnly) {
  contenders_[0].prepare = []() -> std::function<void(const Problem&)> {
    throw std::runtime_error("no primitive");
  };
  GroupOutcome outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::error);
  EXPECT_EQ(outcome.results[0].message, "no primitive");
  EXPECT_EQ(outcome.results[1].status, Status::ok);

  contenders_[0] = contender(device_, kOurs);
  device_.after = [](int call, const Problem&) {
    if (call == 5) throw DeviceError("launch failed");
  };
  outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::error);
  EXPECT_NE(outcome.results[0].message.find("launch failed"), std::string::npos);
  EXPECT_FALSE(outcome.results[0].measurement.has_value());
}

TEST_F(GroupTest, HotUsesOneSet) {
  options_.measure.hot = true;
  const GroupOutcome outcome = run();
  EXPECT_EQ(outcome.rotation_sets, 1);
  EXPECT_FALSE(outcome.cold);
  EXPECT_EQ(outcome.results[0].status, Status::ok);
}

TEST_F(GroupTest, StopsBetweenContendersAndBlamesNone) {
  std::atomic<bool> stop = false;
  options_.measure.stop = &stop;
  device_.after = [&](int, const Problem&) { stop = true; };
  const GroupOutcome outcome = run();
  EXPECT_TRUE(outcome.interrupted);
  for (const auto& result : outcome.results) {
    EXPECT_EQ(result.status, Status::ok);
    EXPECT_FALSE(result.measurement.has_value());
  }
}

// Leaves the first element of A where C begins, and nothing else.
class FirstOfA final : public Yardstick {
 public:
  std::string name() const override { return kReadYardstick; }
  std::string detail() const override { return "reads one element"; }
  std::optional<Traffic> traffic(const Problem&) const override {
    return Traffic{.read = sizeof(float)};
  }
  std::vector<std::byte> leaves(const Problem& host) const override {
    const auto* a = static_cast<const std::byte*>(std::get<GemmProblem>(host).a);
    return {a, a + sizeof(float)};
  }
  void run(const Problem& problem) override {
    const auto& p = std::get<GemmProblem>(problem);
    std::memcpy(p.c, p.a, sizeof(float));
  }
};

TEST_F(GroupTest, AYardstickMayWriteLessThanTheOutput) {
  FirstOfA yardstick;
  contenders_.push_back({.name = kReadYardstick,
                         .prepare = [&] { return [&](const Problem& p) { yardstick.run(p); }; },
                         .yardstick = &yardstick});
  const GroupOutcome outcome = run();
  ASSERT_GT(outcome.rotation_sets, 5);
  EXPECT_EQ(outcome.results.at(2).status, Status::ok) << outcome.results.at(2).message;
}

class YardstickTest : public GroupTest {
 protected:
  // What became of the yardstick beside a sum.
  ContenderResult run_beside_sum() {
    const auto outcome =
        run_group(device_, parse_case("sum/f32/n1000"),
                  {contender(device_, kOurs),
                   {.name = kReadYardstick,
                    .prepare = [this] { return [this](const Problem& p) { yardstick_.run(p); }; },
                    .yardstick = &yardstick_}},
                  options_, clock_);
    EXPECT_EQ(outcome.results.at(0).status, Status::ok);
    return outcome.results.at(1);
  }

  FirstElement yardstick_;
};

TEST_F(YardstickTest, IsCheckedByWhatItLeaves) {
  const ContenderResult result = run_beside_sum();
  EXPECT_EQ(result.status, Status::ok) << result.message;
  EXPECT_TRUE(result.measurement && result.measurement->samples.size() >= 10);
  EXPECT_TRUE(result.check && result.check->passed);
}

TEST_F(YardstickTest, IsNeverTimedWhenItLeavesSomethingElse) {
  int calls = 0;
  yardstick_.after = [&](int call, float* result) {
    calls = call;
    *result += 1;
  };
  EXPECT_EQ(run_beside_sum().status, Status::failed);
  EXPECT_EQ(calls, 1);
}

TEST_F(YardstickTest, MayNotWriteElsewhere) {
  yardstick_.after = [](int, float* result) { result[1] = 0; };
  EXPECT_NE(run_beside_sum().message.find("behind"), std::string::npos);
}

TEST_F(YardstickTest, IsDroppedWhenItGoesWrongWhileTimed) {
  yardstick_.after = [](int call, float* result) {
    if (call >= 12) *result += 1;
  };
  const ContenderResult result = run_beside_sum();
  EXPECT_EQ(result.status, Status::failed);
  EXPECT_TRUE(result.message.starts_with("a timed call: ")) << result.message;
}

TEST_F(GroupTest, DisturbedIsNoFreedomToBeWrong) {
  ScriptedScheduling source;
  source.step = 1;
  options_.measure.scheduling = &source;
  options_.measure.sampler.budget_seconds = 0.05;
  other_.after = [](int call, const Problem& p) {
    if (call >= 12) set_c(p, 3, 1e6F);
  };
  const GroupOutcome outcome = run();
  EXPECT_EQ(outcome.results[0].status, Status::disturbed) << outcome.results[0].message;
  ASSERT_TRUE(outcome.results[0].measurement);
  EXPECT_GT(outcome.results[0].measurement->set_aside, 10);
  EXPECT_EQ(outcome.results[1].status, Status::failed) << outcome.results[1].message;
}

TEST(CaseRecords, DisturbedRepetitionTakesTheNumberAndKeepsTheSamples) {
  NaiveDevice device;
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  ContenderResult good;
  good.status = Status::ok;
  good.check = a_check(true);
  good.measurement = three_samples(1.0);
  ContenderResult disturbed = good;
  disturbed.status = Status::disturbed;
  disturbed.message = "other work";
  disturbed.measurement->discarded = {{8.0, DiscardReason::disturbed, 7.0}};
  const GroupOutcome outcome;
  for (const bool disturbed_first : {true, false}) {
    std::vector<CaseRecord> group = {empty_case(problem, device.info(), kOurs)};
    add_repetition(group[0], disturbed_first ? disturbed : good, outcome);
    add_repetition(group[0], disturbed_first ? good : disturbed, outcome);
    finish_group(group, problem, {}, {});
    EXPECT_EQ(group[0].status, Status::disturbed);
    EXPECT_EQ(group[0].message, "other work");
    EXPECT_FALSE(group[0].median_seconds.value);
    ASSERT_EQ(group[0].series.size(), 2u);
    const SeriesRecord& series = group[0].series[disturbed_first ? 0 : 1];
    EXPECT_EQ(series.discarded[0].waited_seconds, 7.0);
  }
}

Ceilings slow_ceilings() {
  Ceilings ceilings;
  ceilings.flops_f32 = 1.0;
  ceilings.read_bytes = ceilings.copy_bytes = 1.0;
  return ceilings;
}

TEST(CaseRecords, FasterThanTheCeilingIsSuspectAndHasNoRate) {
  NaiveDevice device;
  SteadyClock clock;
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  const auto outcome =
      run_group(device, problem, {contender(device, kOurs)}, quick_options(), clock);
  std::vector<CaseRecord> group = {empty_case(problem, device.info(), kOurs)};
  add_repetition(group[0], outcome.results[0], outcome);
  finish_group(group, problem, slow_ceilings(), slow_ceilings());
  EXPECT_EQ(group[0].status, Status::suspect);
  EXPECT_FALSE(group[0].gflops.value.has_value());
  EXPECT_NE(group[0].message.find("% of the measured"), std::string::npos) << group[0].message;

  // Nothing was measured beside it that would confirm the ceiling.
  group[0] = empty_case(problem, device.info(), kOurs);
  add_repetition(group[0], outcome.results[0], outcome);
  finish_group(group, problem, slow_ceilings(), {});
  EXPECT_EQ(group[0].status, Status::disturbed);
  EXPECT_FALSE(group[0].median_seconds.value);
}

TEST(CaseRecords, RatioIsTheBaselinesMedianOverOurs) {
  NaiveDevice device;
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  std::vector<CaseRecord> group;
  GroupOutcome outcome;
  outcome.rotation_sets = 1;
  for (const auto& [name, seconds] : {std::pair{kOurs, 2.0}, std::pair{"library", 3.0}}) {
    ContenderResult result;
    result.status = Status::ok;
    result.check = a_check(true);
    result.measurement = three_samples(seconds);
    group.push_back(empty_case(problem, device.info(), name));
    add_repetition(group.back(), result, outcome);
  }
  finish_group(group, problem, {}, {});
  ASSERT_EQ(group[0].ratios.size(), 1u);
  EXPECT_EQ(group[0].ratios[0].baseline, "library");
  EXPECT_DOUBLE_EQ(group[0].ratios[0].ratio, 1.5);
  EXPECT_TRUE(group[1].ratios.empty());
  EXPECT_DOUBLE_EQ(group[0].gflops.get(), 2.0 * 20 * 30 * 40 / 2.0 / 1e9);
}

TEST(CaseRecords, YardstickHasItsOwnBytesNoFlopsAndNoRatio) {
  NaiveDevice device;
  const Problem problem = parse_case("softmax/f32/r10c100");
  Ceilings ceilings;
  ceilings.flops_f32 = 1.0;  // of no consequence for what computes nothing
  ceilings.read_bytes = 1e6;
  ceilings.copy_bytes = 8e3;
  std::vector<CaseRecord> group;
  GroupOutcome outcome;
  outcome.cold = true;
  const std::optional<Traffic> copied = Traffic{.read = 4000, .written = 4000};
  for (const auto& [name, traffic] :
       {std::pair{kOurs, std::optional<Traffic>()}, std::pair{kCopyYardstick, copied}}) {
    ContenderResult result;
    result.status = Status::ok;
    result.check = a_check(true);
    result.measurement = three_samples(2e5);
    group.push_back(empty_case(problem, device.info(), name, traffic));
    add_repetition(group.back(), result, outcome);
  }
  group[1].series[0].seconds = {2, 2, 2};
  auto suspect = group;
  finish_group(group, problem, ceilings, ceilings);
  EXPECT_TRUE(group[0].ratios.empty());
  EXPECT_EQ(group[1].status, Status::ok) << group[1].message;
  EXPECT_EQ(group[1].flops, 0);
  EXPECT_FALSE(group[1].gflops.value);
  EXPECT_DOUBLE_EQ(group[1].gbytes.get(), 4e3 / 1e9);
  EXPECT_EQ(group[1].ceiling.get().bound, "memory");
  EXPECT_DOUBLE_EQ(group[1].ceiling.get().share, 0.5);

  suspect[1].series[0].seconds = {0.9, 0.9, 0.9};
  finish_group(suspect, problem, ceilings, ceilings);
  EXPECT_EQ(suspect[1].status, Status::suspect);
}

// It has FLOPs of its own, is held against the compute ceiling, and is no library.
TEST(CaseRecords, AProductHasItsOwnFlopsAndNoRatio) {
  NaiveDevice device;
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  Ceilings ceilings;
  ceilings.flops_f32 = 1000;
  std::vector<CaseRecord> group;
  for (const char* name : {kOurs, kProductYardstick}) {
    ContenderResult result;
    result.status = Status::ok;
    result.check = a_check(true);
    result.measurement = three_samples(2e5);
    group.push_back(empty_case(problem, device.info(), name));
    add_repetition(group.back(), result, GroupOutcome{});
  }
  group[1].flops = 500;
  group[1].series[0].seconds = {1, 1, 1};
  auto suspect = group;
  finish_group(group, problem, ceilings, ceilings);
  EXPECT_TRUE(group[0].ratios.empty());
  EXPECT_DOUBLE_EQ(group[1].gflops.get(), 500 / 1e9);
  EXPECT_EQ(group[1].ceiling.get().bound, "compute");
  EXPECT_DOUBLE_EQ(group[1].ceiling.get().share, 0.5);
  suspect[1].series[0].seconds = {0.4, 0.4, 0.4};
  finish_group(suspect, problem, ceilings, ceilings);
  EXPECT_EQ(suspect[1].status, Status::suspect);
  // Ceilings that could not be measured beside the case tell why.
  for (const bool stopped : {false, true}) {
    suspect[1].status = Status::ok;
    Ceilings beside;
    (stopped ? beside.interrupted : beside.missing) = {"fma/512"};
    finish_group(suspect, problem, ceilings, beside);
    EXPECT_EQ(suspect[1].status, Status::disturbed);
    EXPECT_TRUE(suspect[1].message.ends_with(stopped ? ": interrupted" : ": the machine is busy"))
        << suspect[1].message;
  }
  ceilings.flops_f32.reset();
  ceilings.missing = {"fma/512: disturbed: 9 of 9"};
  finish_group(group, problem, ceilings, ceilings);
  EXPECT_EQ(group[1].ceiling.reason, "no f32 compute ceiling: fma/512: disturbed: 9 of 9");
}

// A repetition that fails takes the times of the earlier ones with it.
TEST(CaseRecords, OneFailedRepetitionFailsTheCase) {
  NaiveDevice device;
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  std::vector<CaseRecord> group = {empty_case(problem, device.info(), kOurs)};
  ContenderResult good;
  good.status = Status::ok;
  good.check = a_check(true);
  good.measurement = three_samples(1.0);
  ContenderResult bad;
  bad.status = Status::failed;
  bad.message = "wrong";
  bad.check = a_check(false);
  const GroupOutcome outcome;
  add_repetition(group[0], good, outcome);
  add_repetition(group[0], bad, outcome);
  add_repetition(group[0], good, outcome);
  finish_group(group, problem, {}, {});
  EXPECT_EQ(group[0].status, Status::failed);
  EXPECT_TRUE(group[0].series.empty());
  EXPECT_FALSE(group[0].check.get().passed);
  EXPECT_FALSE(group[0].median_seconds.value.has_value());
}

TEST(CaseRecords, NamesOfDevicesAfterTheFirst) {
  DeviceInfo info;
  info.backend = "cuda";
  const Problem problem = parse_case("sum/f32/n10");
  EXPECT_EQ(entry_name(problem, info, kOurs), "sum/f32/n10/cuda/moat");
  info.index = 2;
  EXPECT_EQ(entry_name(problem, info, kOurs), "sum/f32/n10/cuda2/moat");
}

// Problems of several take turns: their rounds are shared, their operands are not.
TEST_F(GroupTest, ProblemsAreTimedInTheSameRounds) {
  std::vector<int> order;
  device_.after = [&](int, const Problem& p) {
    if (device_.timed_calls() == 1) order.push_back(std::get<GemmProblem>(p).m);
  };
  options_.measure.next_round = [](bool wanted, std::vector<int>&) { return wanted; };
  options_.measure.max_batch = 1;
  const std::vector<GroupOutcome> outcomes =
      run_groups(device_,
                 {{parse_case("gemm/f32/m20n30k40"), {contender(device_, kOurs)}},
                  {parse_case("gemm/f32/m8n30k40"), {contender(device_, kOurs)}}},
                 options_, clock_);
  ASSERT_EQ(outcomes.size(), 2u);
  for (const GroupOutcome& outcome : outcomes) {
    ASSERT_EQ(outcome.results.size(), 1u);
    EXPECT_EQ(outcome.results[0].status, Status::ok) << outcome.results[0].message;
    EXPECT_EQ(outcome.results[0].measurement.value().samples.size(), 20u);
  }
  // ABBA: of every two rounds one changes from one problem to the other twice.
  int changes = 0;
  for (std::size_t i = 1; i < order.size(); ++i) changes += order[i] != order[i - 1] ? 1 : 0;
  EXPECT_GE(changes, 20);
}

// One that stands beside them takes nothing from them: neither memory nor, where it cannot run at
// all, their results.
TEST_F(GroupTest, OneBesideTheOthersCostsItselfAlone) {
  const Problem problem = parse_case("gemm/f32/m20n30k40");
  const Problem other = parse_case("gemm/f32/m8n30k40");
  // As much as it takes where there is enough.
  options_.memory_limit = bytes_of_sets(device_, problem, 1, options_);
  const auto sets_of = [&](const std::vector<GroupPart>& parts) {
    std::vector<int> sets;
    for (const auto& outcome : run_groups(device_, parts, options_, clock_)) {
      sets.push_back(outcome.rotation_sets);
    }
    return sets;
  };
  const GroupPart own{.problem = problem, .contenders = {contender(device_, kOurs)}};
  GroupPart beside{.problem = other, .contenders = {contender(device_, "product")}, .beside = true};
  const int alone = sets_of({own})[0];
  ASSERT_GT(alone, 2);
  EXPECT_EQ(sets_of({own, beside})[0], alone);
  EXPECT_LT(sets_of({own, beside})[1], alone / 2);

  device_.fewest_bytes = std::size_t{20} * 30 * sizeof(float);  // less than any operand of `own`
  const auto outcomes = run_groups(device_, {own, beside}, options_, clock_);
  EXPECT_EQ(outcomes.at(0).results[0].status, Status::ok) << outcomes[0].results[0].message;
  EXPECT_EQ(outcomes.at(1).results[0].status, Status::error);
  EXPECT_EQ(outcomes.at(1).results[0].message, "no memory");
  beside.beside = false;
  EXPECT_THROW(run_groups(device_, {own, beside}, options_, clock_), DeviceError);
}

TEST_F(GroupTest, AWrongProblemLeavesTheOthers) {
  device_.after = [](int, const Problem& p) {
    if (std::get<GemmProblem>(p).m == 8) set_c(p, 0, 1e3f);
  };
  const std::vector<GroupOutcome> outcomes =
      run_groups(device_,
                 {{parse_case("gemm/f32/m8n30k40"), {contender(device_, kOurs)}},
                  {parse_case("gemm/f32/m20n30k40"), {contender(device_, kOurs)}}},
                 options_, clock_);
  EXPECT_EQ(outcomes.at(0).results[0].status, Status::failed);
  EXPECT_EQ(outcomes.at(1).results[0].status, Status::ok) << outcomes[1].results[0].message;
}

}  // namespace
}  // namespace moat
