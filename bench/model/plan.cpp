// SPDX-License-Identifier: Apache-2.0
#include "bench/model/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/cases/model_config.hpp"
#include "bench/cases/models.hpp"
#include "bench/cases/suites.hpp"
#include "bench/model/memory.hpp"

namespace moat {
namespace {

Configuration configuration_named(const std::string& name) {
  if (const Configuration* c = find_model(name)) return *c;
  const auto built_in = std::ranges::find(configurations(), name, &Configuration::id);
  if (built_in != configurations().end()) return *built_in;
  if (std::filesystem::exists(name)) return read_configuration(name);
  std::string known;
  for (const Suite& suite : suites()) {
    if (find_model(suite.name) == nullptr) continue;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", suite.name);
  }
  throw CaseError(fmt::format(
      "{} is neither a config.json, or its folder, nor one of the models {}", name, known));
}

void require_counts(const Configuration& c, const ModelShape& shape) {
  if (shape.layers.all == 0) {
    throw CaseError(fmt::format("{}: num_hidden_layers is missing: layers", c.id));
  }
  if (shape.layers.windowed < 0) {
    throw CaseError(fmt::format(
        "{}: layer_types is missing: which layers have a window of {} keys, and which see all",
        c.id, shape.windows.back()));
  }
  if (shape.layers.experts > shape.layers.all) {
    throw CaseError(fmt::format("{}: more layers have experts than there are", c.id));
  }
}

ModelStep step_of(std::string name, int tokens, int keys, const ModelUse& use, ModelPlan& plan) {
  ModelStep step{.name = std::move(name), .tokens = tokens, .keys = keys};
  for (ModelOperation& o : model_operations(plan.shape, use, plan.left_out)) {
    if (o.count > 0) step.operations.push_back(std::move(o));
  }
  return step;
}

}  // namespace

ModelPlan plan_model(const ModelQuery& query) {
  const Configuration c = configuration_named(query.model);
  ModelPlan plan{
      .query = query, .source = c.source(), .shape = shape_of(c, query.tp, query.weights)};
  if (c.copy.empty()) plan.source = c.id;
  require_counts(c, plan.shape);
  plan.left_out = plan.shape.left_out;
  const ModelUse decode{
      .tokens = {query.batch}, .decode = {query.batch}, .contexts = {query.context}};
  plan.steps.push_back(step_of("decode", query.batch, query.context, decode, plan));
  if (query.prefill > 0) {
    const ModelUse prefill{
        .tokens = {query.prefill}, .decode = {}, .contexts = {}, .prefill = {query.prefill}};
    plan.steps.push_back(step_of("prefill", query.prefill, query.prefill, prefill, plan));
  }
  plan.memory = memory_of(plan);
  return plan;
}

std::vector<Problem> problems_of(const ModelPlan& plan) {
  std::vector<Problem> problems;
  std::set<std::string> names;
  for (const ModelStep& step : plan.steps) {
    for (const ModelOperation& o : step.operations) {
      if (o.problem && names.insert(case_name(*o.problem)).second) problems.push_back(*o.problem);
    }
  }
  return problems;
}

}  // namespace moat
