// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/document.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace moat::explain {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string_view key_of(Limit limit) {
  switch (limit) {
    case Limit::products:
      return "products";
    case Limit::memory:
      return "memory";
    case Limit::cache:
      return "cache";
    case Limit::launch:
      return "launch";
  }
  return "";
}

Json of_device(const Target& target) {
  const KnownDevice& d = *target.device;
  return {{"id", d.id},
          {"name", d.name},
          {"backend", target.backend},
          {"architecture", d.architecture},
          {"source", d.source},
          {"absent", target.plan == nullptr ? Json(target.absent) : Json()},
          {"compute_units", d.compute_units},
          {"block_shared_bytes", d.block_shared_bytes},
          {"unit_shared_bytes", d.unit_shared_bytes},
          {"unit_threads", d.unit_threads},
          {"clock_mhz", or_null(d.clock_mhz)},
          {"cache_bytes", or_null(d.cache_bytes)},
          {"memory_rate", or_null(d.memory_rate)},
          {"cache_rate", or_null(d.cache_rate)},
          {"flops",
           {{"f16", or_null(d.f16)},
            {"bf16", or_null(d.bf16)},
            {"f32", or_null(d.f32)},
            {"tf32", or_null(d.tf32)},
            {"fp8", or_null(d.fp8)},
            {"lanes_f32", or_null(d.lanes_f32)}}}};
}

Json of_term(const Term& t) {
  return {{"amount", t.amount}, {"rate", or_null(t.rate)}, {"seconds", or_null(t.seconds)}};
}

Json of_launch(const LaunchModel& m) {
  const PlannedLaunch& l = m.launch;
  Json unknown = Json::array();
  for (const Limit limit : m.unknown) unknown.push_back(key_of(limit));
  return {{"kernel", kernel_text(l)},
          {"schedule", l.schedule_name},
          {"blocks", l.blocks},
          {"threads", l.threads},
          {"shared_bytes", l.shared_bytes},
          {"items", m.work.items},
          {"tile", {{"m", l.m}, {"n", l.n}, {"k", l.k}}},
          {"waves_per_block", l.waves},
          {"stages", l.stages},
          {"persistent", l.persistent},
          {"products", l.products},
          {"resident_blocks", m.resident},
          {"waves", m.waves},
          {"fill", m.fill},
          {"useful", m.work.tile_flops > 0 ? Json(m.useful) : Json()},
          {"terms",
           {{"products", of_term(m.products)},
            {"memory", of_term(m.memory)},
            {"cache", of_term(m.cache)},
            {"launch", {{"seconds", kLaunchSeconds}}}}},
          {"unknown", unknown},
          {"bound", bound_is_known(m) ? Json(key_of(m.bound)) : Json()},
          {"seconds", m.seconds}};
}

Json of_prediction(const Prediction& p) {
  Json launches = Json::array();
  for (const LaunchModel& m : p.launches) launches.push_back(of_launch(m));
  return {{"seconds", p.seconds},
          {"complete", p.complete},
          {"bound", p.bound ? Json(key_of(*p.bound)) : Json()},
          {"share", or_null(p.share)},
          {"main", p.main},
          {"launches", launches}};
}

}  // namespace

Json document(const std::vector<Target>& targets, const std::vector<Row>& rows,
              const std::vector<Finding>& findings, const std::map<std::string, double>& weights) {
  Json devices = Json::array();
  for (const Target& target : targets) devices.push_back(of_device(target));
  Json cases = Json::array();
  for (const Row& row : rows) {
    const Explanation& e = row.explanation;
    Json others = Json::array();
    for (const Prediction& p : e.others) others.push_back(of_prediction(p));
    const bool refused = !e.refused.empty();
    cases.push_back({{"name", e.name},
                     {"device", row.target.device->id},
                     {"backend", row.target.backend},
                     {"architecture", e.architecture},
                     {"family", e.family},
                     {"refused", refused ? Json(e.refused) : Json()},
                     {"flops", e.flops},
                     {"bytes", e.bytes},
                     {"predicted", refused ? Json() : of_prediction(e.chosen)},
                     {"others", others}});
    if (const auto weight = weights.find(e.name); weight != weights.end()) {
      cases.back()["weight"] = weight->second;
    }
  }
  Json sums = Json::array();
  for (const Sum& sum : sums_of(rows, weights)) {
    const bool refused = !sum.refused.empty();
    sums.push_back({{"device", sum.device},
                    {"cases", sum.cases},
                    {"times", sum.times},
                    {"refused", refused ? Json(sum.refused) : Json()},
                    {"seconds", refused ? Json() : Json(sum.seconds)},
                    {"complete", sum.complete}});
  }
  Json found = Json::array();
  for (const Finding& f : findings) {
    const bool planned = f.mend != Mend::split;
    found.push_back({{"name", f.name},
                     {"device", f.device},
                     {"mend", name_of(f.mend)},
                     {"schedule", f.launch.schedule_name},
                     {"fill", f.fill},
                     {"seconds", f.seconds},
                     {"complete", f.complete},
                     {"better", planned ? Json(f.better) : Json()},
                     {"better_fill", planned ? Json(f.better_fill) : Json()},
                     {"better_seconds", planned ? Json(f.better_seconds) : Json()}});
  }
  return {{"schema", "moat-explain"},
          {"version", kDocumentVersion},
          {"assumptions", assumptions()},
          {"devices", devices},
          {"cases", cases},
          {"sums", sums},
          {"findings", found}};
}

}  // namespace moat::explain
