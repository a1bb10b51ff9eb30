// SPDX-License-Identifier: Apache-2.0
#include "bench/software/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/cases/configurations.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/software/formula.hpp"
#include "bench/software/pairings.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

constexpr const char* kExample = "bench/software/press.json is an example";

// What measuring pairings tells. Others are judged not testable.
enum class Metric : std::uint8_t { speedup, predicted, flops_saved, bytes_saved, kept_bytes_saved };
constexpr std::array<std::pair<std::string_view, Metric>, 5> kMetrics{
    {{"speedup", Metric::speedup},
     {"predicted_speedup", Metric::predicted},
     {"flops_saved", Metric::flops_saved},
     {"bytes_saved", Metric::bytes_saved},
     {"kept_bytes_saved", Metric::kept_bytes_saved}}};

std::optional<Metric> find_metric_of(std::string_view name) {
  for (const auto& [known, metric] : kMetrics) {
    if (known == name) return metric;
  }
  return std::nullopt;
}

// A claim, or another reading of it: a member that a reading lacks is that of its claim.
class Statement {
 public:
  Statement(const Json& json, const Statement* claim, std::string where)
      : json_(json), claim_(claim), where_(std::move(where)) {
    if (!json.is_object()) fail("is no object");
    const std::vector<std::string> known =
        claim == nullptr
            ? std::vector<std::string>{"id",        "says",    "source",  "what",     "models",
                                       "where",     "formula", "measure", "operator", "value",
                                       "tolerance", "unit",    "readings"}
            : std::vector<std::string>{"what",     "models", "where",     "formula", "measure",
                                       "operator", "value",  "tolerance", "unit"};
    for (const auto& [key, _] : json.items()) {
      if (std::ranges::find(known, key) == known.end()) {
        fail(fmt::format("member \"{}\" is not known{}", key, suggestion(key, known)));
      }
    }
    for (const char* key : {"what", "operator", "unit"}) (void)text(key);
    if (find("value") == nullptr) fail("lacks \"value\"");
    (void)number("value", 0);
    if (number("tolerance", 0) < 0) fail("\"tolerance\" is negative");
    const std::vector<std::string> operators{">=", ">", "<=", "<", "="};
    if (std::ranges::find(operators, text("operator")) == operators.end()) {
      fail(fmt::format("\"operator\" {} is none of >=, >, <=, <, =", text("operator")));
    }
    const std::vector<std::string> units{"share", "ratio", "bytes"};
    if (std::ranges::find(units, text("unit")) == units.end()) {
      fail(fmt::format("\"unit\": {} is not known{}", text("unit"),
                       suggestion(text("unit"), units)));
    }
    if (json.contains("formula") == json.contains("measure")) {
      fail("needs either \"formula\" or \"measure\"");
    }
    if (measures()) check_measure();
    if (!measures()) (void)computed();
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError(fmt::format("{}: {}; {}", where_, what, kExample));
  }

  bool measures() const { return json_.contains("measure"); }

  std::string text(const char* key) const {
    const Json* found = find(key);
    if (found == nullptr) fail(fmt::format("lacks \"{}\"", key));
    if (!found->is_string() || found->get<std::string>().empty()) {
      fail(fmt::format("\"{}\" must be a text", key));
    }
    return found->get<std::string>();
  }

  double number(const char* key, double usual) const {
    const Json* found = find(key);
    if (found == nullptr) return usual;
    if (!found->is_number()) fail(fmt::format("\"{}\" must be a number", key));
    return found->get<double>();
  }

  bool fulfilled(double x) const {
    const std::string op = text("operator");
    const double bound = number("value", 0);
    if (op == ">=") return x >= bound;
    if (op == ">") return x > bound;
    if (op == "<=") return x <= bound;
    if (op == "<") return x < bound;
    return std::abs(x - bound) <= number("tolerance", 0);
  }

  // Between two values all fulfil the claim, none do, or some: the last is no verdict. Of "=" the
  // interval may hold what fulfils it between ends that do not.
  std::string verdict(double lower, double upper) const {
    const bool low = fulfilled(lower);
    const bool high = fulfilled(upper);
    if (low && high) return "holds";
    const double bound = number("value", 0);
    const bool between = text("operator") == "=" && lower <= bound && bound <= upper;
    return low || high || between ? "not testable" : "does not hold";
  }

  // The value of the formula.
  double computed() const {
    std::map<std::string, double, std::less<>> names;
    const auto value_of = [&](std::string_view name) { return value_of_name(names, name); };
    const auto compute = [&](const std::string& formula) {
      try {
        return evaluate(formula, value_of);
      } catch (const FormulaError& e) {
        fail(e.what());
      }
    };
    if (const Json* where = find("where")) {
      if (!where->is_object()) fail("\"where\" must be an object");
      for (const auto& [name, value] : where->items()) {
        if (value.is_number()) {
          names[name] = value.get<double>();
        } else if (value.is_string()) {
          names[name] = compute(value.get<std::string>());
        } else {
          fail(fmt::format("\"where\": {} must be a number or a formula", name));
        }
      }
    }
    if (!json_.at("formula").is_string()) fail("\"formula\" must be a text");
    return compute(json_.at("formula").get<std::string>());
  }

  const Json& measure() const { return json_.at("measure"); }

  std::string measure_text(const char* key) const {
    const Json& m = measure();
    if (!m.contains(key) || !m.at(key).is_string()) {
      fail(fmt::format("\"measure\" lacks the text \"{}\"", key));
    }
    return m.at(key).get<std::string>();
  }

 private:
  const Json* find(const char* key) const {
    if (json_.contains(key)) return &json_.at(key);
    return claim_ != nullptr ? claim_->find(key) : nullptr;
  }

  double value_of_name(const std::map<std::string, double, std::less<>>& names,
                       std::string_view name) const {
    if (const auto known = names.find(name); known != names.end()) return known->second;
    const std::size_t dot = name.find('.');
    const Json* models = find("models");
    if (models != nullptr && !models->is_object()) fail("\"models\" must be an object");
    const std::string model(name.substr(0, dot));
    if (dot == name.npos || models == nullptr || !models->contains(model)) {
      std::vector<std::string> known;
      for (const auto& [n, _] : names) known.push_back(n);
      if (models != nullptr) {
        for (const auto& [m, _] : models->items()) known.push_back(m + ".FIELD");
      }
      fail(fmt::format("{} stands neither in \"where\" nor is it a field of one of \"models\"{}",
                       name, suggestion(std::string(name), known)));
    }
    if (!models->at(model).is_string()) fail(fmt::format("\"models\": {} must be a text", model));
    try {
      const Configuration& c = find_configuration(models->at(model).get<std::string>());
      const std::string_view field = name.substr(dot + 1);
      return field == "head_dim" ? c.head_dim() : c.at(field);
    } catch (const CaseError& e) {
      fail(e.what());
    }
  }

  void check_measure() const {
    if (!measure().is_object()) fail("\"measure\" must be an object");
    const std::vector<std::string> known{"metric", "pairing", "plain", "way"};
    for (const auto& [key, _] : measure().items()) {
      if (std::ranges::find(known, key) == known.end()) {
        fail(fmt::format("\"measure\": member \"{}\" is not known{}", key, suggestion(key, known)));
      }
    }
    if (!find_metric_of(measure_text("metric"))) return;
    const Pairing* pairing = nullptr;
    try {
      pairing = &find_pairing("\"pairing\"", measure_text("pairing"));
    } catch (const UsageError& e) {
      fail(e.what());
    }
    std::vector<std::string> ways;
    for (const Way& w : pairing->ways) ways.push_back(w.name);
    for (const char* key : {"plain", "way"}) {
      const std::string name = measure_text(key);
      if (std::ranges::find(ways, name) == ways.end()) {
        fail(fmt::format("\"{}\": {} has no way {}{}", key, pairing->name, name,
                         suggestion(name, ways)));
      }
    }
  }

  const Json& json_;
  const Statement* claim_;
  std::string where_;
};

const Json* find_named(const Json& all, const char* key, const std::string& name) {
  for (const Json& one : all) {
    if (one.at(key) == name) return &one;
  }
  return nullptr;
}

void not_testable(Json& result, const std::string& reason) {
  result["verdict"] = "not testable";
  result["reason"] = reason;
}

// 1 − optimised ÷ plain of what both ways are known to do, timed or not.
void judge_saving(Json& result, const Statement& s, const Json& pairing, const char* key) {
  const Json* plain = find_named(pairing.at("ways"), "name", s.measure_text("plain"));
  const Json* way = find_named(pairing.at("ways"), "name", s.measure_text("way"));
  for (const auto& [w, name] : {std::pair{plain, "plain"}, std::pair{way, "way"}}) {
    if (w == nullptr) {
      return not_testable(result, fmt::format("{} is no way of {} there", s.measure_text(name),
                                              pairing.at("name").get<std::string>()));
    }
    if (w->contains(key)) continue;
    return not_testable(result, fmt::format("{}: {}", w->at("name").get<std::string>(),
                                            w->value("reason", "nothing is known of it")));
  }
  const double before = plain->at(key).get<double>();
  if (before == 0) return not_testable(result, "the plain way has none of it");
  const double saved = 1 - way->at(key).get<double>() / before;
  result["value"] = saved;
  result["verdict"] = s.fulfilled(saved) ? "holds" : "does not hold";
}

void judge_speed(Json& result, const Statement& s, const Json& pairing, Metric metric) {
  const Json* found = nullptr;
  for (const Json& c : pairing.at("comparisons")) {
    if (c.at("plain") == s.measure_text("plain") && c.at("way") == s.measure_text("way")) {
      found = &c;
    }
  }
  if (found == nullptr) {
    return not_testable(result, fmt::format("{} and {} are not compared with each other",
                                            s.measure_text("plain"), s.measure_text("way")));
  }
  const char* key = metric == Metric::speedup ? "measured" : "predicted";
  if (found->at(key).is_null()) {
    return not_testable(result, found->at(std::string(key) + "_reason").get<std::string>());
  }
  const double value = found->at(key).get<double>();
  result["value"] = value;
  double lower = value;
  double upper = value;
  if (metric == Metric::speedup) {
    lower = found->at("interval").at(0).get<double>();
    upper = found->at("interval").at(1).get<double>();
    result["interval"] = found->at("interval");
  }
  result["verdict"] = s.verdict(lower, upper);
  if (result["verdict"] == "not testable") {
    result["reason"] = "the claimed value lies within the 95 % interval";
  }
}

// The statement on one device; `device` is empty for what needs none.
Json judge(const Statement& s, const Json& measured, const std::string& device) {
  Json result = {{"what", s.text("what")}};
  if (!s.measures()) {
    const double value = s.computed();
    result["value"] = value;
    result["verdict"] = s.fulfilled(value) ? "holds" : "does not hold";
    return result;
  }
  const std::string name = s.measure_text("metric");
  const auto metric = find_metric_of(name);
  if (!metric) {
    not_testable(result, fmt::format("{} is not what timing kernels side by side measures", name));
    return result;
  }
  const Json* pairing = nullptr;
  if (!measured.is_null()) {
    for (const Json& p : measured.at("pairings")) {
      if (p.at("name") == s.measure_text("pairing") && p.at("device") == device) pairing = &p;
    }
  }
  if (pairing == nullptr) {
    not_testable(result, fmt::format("{} was not measured", s.measure_text("pairing")));
    return result;
  }
  switch (*metric) {
    case Metric::speedup:
    case Metric::predicted:
      judge_speed(result, s, *pairing, *metric);
      break;
    case Metric::flops_saved:
      judge_saving(result, s, *pairing, "flops");
      break;
    case Metric::bytes_saved:
      judge_saving(result, s, *pairing, "bytes");
      break;
    case Metric::kept_bytes_saved:
      judge_saving(result, s, *pairing, "kept_bytes");
      break;
  }
  return result;
}

// Calls use(id, claim, its statement, its readings) for each.
template <class F>
void for_each_claim(const Json& document, std::string_view from, F&& use) {
  if (!document.is_object() || !document.contains("claims") || !document.at("claims").is_array()) {
    throw UsageError(fmt::format("{}: the file has no array \"claims\"; {}", from, kExample));
  }
  std::vector<std::string> ids;
  for (std::size_t i = 0; const Json& json : document.at("claims")) {
    std::string where = fmt::format("{}: claim {}", from, ++i);
    if (!json.is_object() || !json.contains("id") || !json.at("id").is_string()) {
      throw UsageError(fmt::format("{}: lacks the text \"id\"; {}", where, kExample));
    }
    const auto id = json.at("id").get<std::string>();
    where += fmt::format(" ({})", id);
    if (std::ranges::find(ids, id) != ids.end()) {
      throw UsageError(fmt::format("{}: another claim has this id", where));
    }
    ids.push_back(id);
    const Statement statement(json, nullptr, where);
    (void)statement.text("says");
    std::vector<Statement> readings;
    if (json.contains("readings")) {
      if (!json.at("readings").is_array()) statement.fail("\"readings\" must be an array");
      for (std::size_t r = 0; const Json& reading : json.at("readings")) {
        readings.emplace_back(reading, &statement, fmt::format("{}, reading {}", where, ++r));
      }
    }
    use(id, json, statement, std::span<const Statement>(readings));
  }
}

}  // namespace

std::set<std::string> pairings_of(const Json& claims, std::string_view from) {
  std::set<std::string> names;
  const auto add = [&](const Statement& s) {
    if (s.measures() && find_metric_of(s.measure_text("metric"))) {
      names.insert(s.measure_text("pairing"));
    }
  };
  for_each_claim(claims, from,
                 [&](const std::string&, const Json&, const Statement& statement,
                     std::span<const Statement> readings) {
                   add(statement);
                   std::ranges::for_each(readings, add);
                 });
  return names;
}

Json judge_claims(const Json& claims, const Json& measured, std::string_view from) {
  Json results = Json::array();
  for_each_claim(claims, from,
                 [&](const std::string& id, const Json& json, const Statement& statement,
                     std::span<const Statement> readings) {
                   const auto measures = [](const Statement& s) {
                     return s.measures() && find_metric_of(s.measure_text("metric"));
                   };
                   std::vector<std::string> devices{""};
                   if (!measured.is_null() &&
                       (measures(statement) || std::ranges::any_of(readings, measures))) {
                     devices.clear();
                     for (const Json& d : measured.at("devices")) {
                       devices.push_back(d.at("name").get<std::string>());
                     }
                     if (devices.empty()) devices.emplace_back();
                   }
                   for (const std::string& device : devices) {
                     Json result = {{"id", id}, {"says", statement.text("says")}};
                     if (json.contains("source")) result["source"] = statement.text("source");
                     if (!device.empty()) result["device"] = device;
                     result["claimed"] = {{"operator", statement.text("operator")},
                                          {"value", statement.number("value", 0)},
                                          {"tolerance", statement.number("tolerance", 0)}};
                     result["unit"] = statement.text("unit");
                     result.update(judge(statement, measured, device));
                     Json& others = result["readings"] = Json::array();
                     for (const Statement& reading : readings) {
                       Json other = judge(reading, measured, device);
                       other["unit"] = reading.text("unit");
                       others.push_back(std::move(other));
                     }
                     results.push_back(std::move(result));
                   }
                 });
  return results;
}

}  // namespace moat
