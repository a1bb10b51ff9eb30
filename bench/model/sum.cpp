// SPDX-License-Identifier: Apache-2.0
#include "bench/model/sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/model/memory.hpp"
#include "bench/model/price.hpp"
#include "bench/model/times.hpp"

namespace moat {
namespace {

// The share of the work that operations with a case do; all of none.
double covered(const ModelStepRecord& step, double ModelOperationRecord::*work) {
  double all = 0;
  double measured = 0;
  for (const ModelOperationRecord& o : step.operations) {
    all += o.count * o.*work;
    if (o.problem) measured += o.count * o.*work;
  }
  return all > 0 ? measured / all : 1;
}

void add_sum(ModelStepRecord& step) {
  double sum = 0;
  std::string missing;
  int without = 0;
  int cases = 0;
  for (const ModelOperationRecord& o : step.operations) {
    if (!o.problem) continue;
    ++cases;
    if (o.seconds.value) {
      sum += o.count * *o.seconds.value;
    } else if (++without == 1) {
      missing = fmt::format("{}: {}", *o.problem, o.seconds.reason);
    }
  }
  if (without > 0) {
    step.seconds_at_least = step.tokens_per_second_at_most = Reading<double>::none(
        fmt::format("{} of {} operations have no verified time; {}", without, cases, missing));
    return;
  }
  step.seconds_at_least = Reading<double>::of(sum);
  step.tokens_per_second_at_most = Reading<double>::of(step.tokens / sum);
}

ModelStepRecord step_on(const ModelStep& step, const Record& own, const DeviceRecord& device,
                        const std::vector<NamedRecord>& others) {
  ModelStepRecord record{.step = step.name, .tokens = step.tokens, .keys = step.keys};
  for (const ModelOperation& o : step.operations) {
    ModelOperationRecord r{.what = o.what,
                           .count = o.count,
                           .in_layers = o.in_layers,
                           .flops = o.flops,
                           .bytes = o.bytes,
                           .seconds = Reading<double>::none(o.why)};
    if (o.problem) {
      r.problem = case_name(*o.problem);
      CaseTime time = time_of(*r.problem, own, device, others);
      r.seconds = std::move(time.seconds);
      r.record = std::move(time.record);
      if (r.seconds.value) r.cache = std::move(time.cache);
    }
    record.operations.push_back(std::move(r));
  }
  record.flops_covered = covered(record, &ModelOperationRecord::flops);
  record.bytes_covered = covered(record, &ModelOperationRecord::bytes);
  add_sum(record);
  return record;
}

}  // namespace

ModelRecord put_together(const ModelPlan& plan, const std::optional<ModelPriceRecord>& price,
                         const Record& own, const std::vector<NamedRecord>& others) {
  ModelRecord model{.name = plan.query.model,
                    .source = plan.source,
                    .layers = plan.shape.layers.all,
                    .batch = plan.query.batch,
                    .context = plan.query.context,
                    .prefill = plan.query.prefill,
                    .tp = plan.query.tp,
                    .weights = std::string(name_of(plan.shape.weights)),
                    .left_out = plan.left_out,
                    .memory = plan.memory,
                    .price = price};
  const double needed = total_bytes(plan.memory);
  for (const DeviceRecord& d : own.devices) {
    ModelDeviceRecord device{.backend = d.backend,
                             .device = d.index,
                             .fits = needed <= static_cast<double>(d.memory_bytes)};
    for (const ModelStep& step : plan.steps) {
      ModelStepRecord record = step_on(step, own, d, others);
      if (price) add_cost(record, *price, plan.query.tp);
      device.steps.push_back(std::move(record));
    }
    model.devices.push_back(std::move(device));
  }
  return model;
}

}  // namespace moat
