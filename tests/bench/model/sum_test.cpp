// SPDX-License-Identifier: Apache-2.0
#include "bench/model/sum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/model/price.hpp"
#include "bench/model/times.hpp"
#include "tests/bench/model/model_fixture.hpp"

namespace moat {
namespace {

using testing::HasSubstr;

const ModelStepRecord& step_of(const ModelRecord& model) { return model.devices.at(0).steps.at(0); }

TEST(ModelSum, IsHowOftenTimesTheMedian) {
  const NamedRecord r = sums_record();
  const ModelRecord model = put_together(plan_of_sums(), {}, r.record, {});
  const ModelStepRecord& step = step_of(model);
  EXPECT_NEAR(*step.seconds_at_least.value, 3 * 1e-3 + 2 * 5e-4, 1e-12);
  EXPECT_NEAR(*step.tokens_per_second_at_most.value, 1000, 1e-6);
  EXPECT_NEAR(step.flops_covered, 0.8, 1e-12);
  EXPECT_NEAR(step.bytes_covered, 40.0 / 60, 1e-12);
  EXPECT_EQ(step.operations[2].seconds.reason, "no kernel");
  EXPECT_TRUE(model.devices[0].fits);
  ModelPlan large = plan_of_sums();
  large.memory.push_back({.what = "cache", .arithmetic = "", .bytes = 1e18});
  EXPECT_FALSE(put_together(large, {}, r.record, {}).devices[0].fits);
}

TEST(ModelSum, IsWithheldWithoutAVerifiedTimeOfEachCase) {
  NamedRecord r = sums_record();
  CaseRecord& c = r.record.cases[1];
  const CaseRecord right = c;
  for (const CaseRecord& wrong :
       {without_times(right, Status::failed, "off by one"), disturbed_case(right)}) {
    c = wrong;
    const ModelRecord model =
        put_together(plan_of_sums(), price_of({.price = "1USD/h", .watts = 5}), r.record, {});
    EXPECT_FALSE(step_of(model).seconds_at_least.value);
    EXPECT_FALSE(step_of(model).tokens_per_second_at_most.value);
    EXPECT_FALSE(step_of(model).cost_per_million_tokens_at_least);
    EXPECT_FALSE(step_of(model).joules_per_token_at_least);
    EXPECT_THAT(step_of(model).seconds_at_least.reason, HasSubstr(kSmall));
    EXPECT_THAT(step_of(model).seconds_at_least.reason, HasSubstr(std::string(name_of(c.status))));
  }
  r.record.cases.pop_back();
  EXPECT_THAT(step_of(put_together(plan_of_sums(), {}, r.record, {})).seconds_at_least.reason,
              HasSubstr("not measured"));
}

TEST(ModelSum, TakesCasesOfTheSameDeviceAndThreads) {
  NamedRecord own = sums_record();
  own.record.cases.pop_back();
  own.record.devices[0].name = own.record.host.cpu.value.value_or("CPU");
  own.record.host.cpu = Reading<std::string>::of(own.record.devices[0].name);
  NamedRecord other = sums_record("other.json");
  other.record.devices[0] = own.record.devices[0];
  const ModelRecord model = put_together(plan_of_sums(), {}, own.record, {other});
  EXPECT_TRUE(step_of(model).seconds_at_least.value);
  EXPECT_FALSE(step_of(model).operations[0].record);
  EXPECT_EQ(step_of(model).operations[1].record, "other.json");
  EXPECT_TRUE(without_time(problems_of(plan_of_sums()), own.record, {other}).empty());

  NamedRecord threads = other;
  threads.record.run.threads += 1;
  NamedRecord device = other;
  device.record.devices[0].name = "another";
  NamedRecord hot = other;
  hot.record.cases[1].cache = "hot";
  hot.record.cases[1].rotation_sets = 1;
  for (const NamedRecord& unlike : {threads, device, hot}) {
    EXPECT_FALSE(
        step_of(put_together(plan_of_sums(), {}, own.record, {unlike})).seconds_at_least.value);
    const auto left = without_time(problems_of(plan_of_sums()), own.record, {unlike});
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(case_name(left[0]), kSmall);
  }
}

TEST(ModelSum, AnotherImplementationsTimeIsNotOurs) {
  NamedRecord r = sums_record();
  r.record.cases[1].implementation = "library";
  EXPECT_FALSE(step_of(put_together(plan_of_sums(), {}, r.record, {})).seconds_at_least.value);
}

TEST(ModelSum, TheRecordHoldsItAndRefusesAnotherSum) {
  Record r = sums_record().record;
  r.model = put_together(plan_of_sums(),
                         price_of({.price = "2.40USD/h", .source = "a page", .watts = 50}), r, {});
  const std::string text = to_text(r);
  const Record read = parse_record(text);
  EXPECT_EQ(to_text(read), text);
  EXPECT_EQ(read.model->price->source, "a page");
  EXPECT_EQ(read.model->devices[0].steps[0].operations[2].seconds.reason, "no kernel");

  Json wrong = parse_strict(text);
  Json& step = wrong["model"]["devices"][0]["steps"][0];
  step["seconds_at_least"] = 3.9e-3;
  EXPECT_THROW(check_record(wrong), JsonError);
  // A sum without one of its operations.
  step["seconds_at_least"] = 3e-3;
  step["operations"][1]["seconds"] = nullptr;
  step["operations"][1]["null_reasons"] = {{"seconds", "failed"}};
  EXPECT_THROW(check_record(wrong), JsonError);
}

}  // namespace
}  // namespace moat
