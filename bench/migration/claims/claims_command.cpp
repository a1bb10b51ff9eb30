// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/claims/claims_command.hpp"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "bench/migration/corpus/distribution.hpp"
#include "bench/migration/diff/diff_command.hpp"

namespace moat {
namespace {

struct Estimate {
  double value = 0;
  Interval interval;
};

bool fulfils(double value, const std::string& op, double bound) {
  if (op == ">=") return value >= bound;
  if (op == ">") return value > bound;
  if (op == "<=") return value <= bound;
  if (op == "<") return value < bound;
  throw std::invalid_argument(fmt::format("operator {} is none of >=, >, <=, <", op));
}

// Both ends decide: the operators are monotone.
std::string verdict(const Estimate& e, const std::string& op, double bound) {
  const bool low = fulfils(e.interval.lower, op, bound);
  const bool high = fulfils(e.interval.upper, op, bound);
  if (low && high) return "supported";
  return low || high ? "not testable" : "refuted";
}

// What the level of a claim asks for: "port", the median over ports; "corpus", all lines together.
std::optional<Estimate> estimate_of(const Json& corpus, const std::string& metric,
                                    const std::string& level) {
  const Json& all = corpus.at("distributions");
  if (!all.contains(metric) || all.at(metric).at("n") == 0) return std::nullopt;
  const Json& d = all.at(metric);
  const Json interval =
      d.value(level == "port" ? "median_interval" : "pooled_interval", Json(nullptr));
  if (interval.is_null()) return std::nullopt;
  return Estimate{
      .value = (level == "port" ? d.at("median") : d.at("pooled").at("value")).get<double>(),
      .interval = {.lower = interval[0].get<double>(), .upper = interval[1].get<double>()}};
}

Json judge(const Json& claim, const std::vector<Json>& evidence) {
  Json result = {{"id", claim.at("id")}, {"says", claim.at("says")}, {"verdict", "not testable"}};
  const auto metric = claim.at("metric").get<std::string>();
  const auto level = claim.at("level").get<std::string>();
  const auto op = claim.at("operator").get<std::string>();
  const auto bound = claim.at("value").get<double>();
  (void)fulfils(0, op, bound);
  const auto denominator = claim.at("denominator").get<std::string>();
  const auto from = claim.at("population").at("from").get<std::string>();
  const auto to = claim.at("population").at("to").get<std::string>();
  if ((level != "port" && level != "corpus") || find_metric(metric) == nullptr) {
    result["reason"] = fmt::format(
        "{} at the level of a {} is not what comparing source code measures", metric, level);
    return result;
  }
  const std::string_view measured = find_metric(metric)->denominator;
  if (denominator != measured) {
    result["reason"] = fmt::format("the claim divides by {}, but {} is a share of {}", denominator,
                                   metric, measured);
    return result;
  }
  const Json* found = nullptr;
  bool generated = false;
  for (const Json& e : evidence) {
    if (e.at("from") != from || e.at("to") != to) continue;
    if (!e.at("generated").is_null()) {
      generated = true;
      continue;
    }
    if (found != nullptr) {
      throw std::invalid_argument(
          fmt::format("two --evidence files hold ports from {} to {}: give one", from, to));
    }
    found = &e;
  }
  if (found == nullptr) {
    result["reason"] = generated ? "the evidence is a generated corpus: its edits were invented"
                                 : fmt::format("no evidence of ports from {} to {}", from, to);
    return result;
  }
  result["evidence"] = found->value("corpus", Json(nullptr));
  const auto estimate = estimate_of(*found, metric, level);
  const Json& d = found->at("distributions").at(metric);
  result["n"] = d.at("n");
  if (!estimate) {
    result["reason"] = "fewer than 6 ports: no 95 % interval";
    return result;
  }
  result["verdict"] = verdict(*estimate, op, bound);
  const std::string statistic = level == "port" ? "median" : "pooled";
  if (result["verdict"] == "not testable") {
    result["reason"] =
        fmt::format("the claimed value lies within the 95 % interval of the {}", statistic);
  }
  result["statistic"] = statistic;
  result["estimate"] = estimate->value;
  result["interval"] = Json::array({estimate->interval.lower, estimate->interval.upper});
  for (const char* quantile : {"p10", "median", "p90"}) result[quantile] = d.at(quantile);
  Json& others = result["other_denominators"] = Json::array();
  const auto other = [&](const PortMetric& m, const std::string& at) {
    const auto e = estimate_of(*found, std::string(m.name), at);
    if (!e) return;
    const std::string judged = verdict(*e, op, bound);
    others.push_back({{"metric", m.name},
                      {"level", at},
                      {"denominator", m.denominator},
                      {"estimate", e->value},
                      {"verdict", judged},
                      {"flips", judged != result["verdict"].get<std::string>()}});
  };
  for (const PortMetric& m : port_metrics()) {
    // The share that renaming explains answers another question.
    if (m.name == "mechanical" && metric != "mechanical") continue;
    for (const char* at : {"port", "corpus"}) {
      if (m.name != metric || at != level) other(m, at);
    }
  }
  return result;
}

std::string check_text(const Json& results) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const Json& r : results.at("claims")) {
    fmt::format_to(out, "{}: {}\n  {}\n", r.at("verdict").get<std::string>(),
                   r.at("id").get<std::string>(), r.at("says").get<std::string>());
    if (r.contains("estimate")) {
      fmt::format_to(out,
                     "  n {}, {} {:.1f} % (95 % interval {:.1f} – {:.1f} %); over ports p10 {:.1f} "
                     "%, median {:.1f} %, p90 {:.1f} %\n",
                     r.at("n").dump(), r.at("statistic").get<std::string>(),
                     100 * r.at("estimate").get<double>(), 100 * r.at("interval")[0].get<double>(),
                     100 * r.at("interval")[1].get<double>(), 100 * r.at("p10").get<double>(),
                     100 * r.at("median").get<double>(), 100 * r.at("p90").get<double>());
      bool any = false;
      for (const Json& f : r.at("other_denominators")) {
        if (!f.at("flips").get<bool>()) continue;
        any = true;
        fmt::format_to(out, "  but {} by {} (of {}; {})\n", f.at("verdict").get<std::string>(),
                       f.at("metric").get<std::string>(), f.at("denominator").get<std::string>(),
                       f.at("level") == "port" ? "median over ports" : "all lines together");
      }
      if (!any) fmt::format_to(out, "  no other denominator changes the verdict\n");
    }
    if (r.contains("reason")) fmt::format_to(out, "  {}\n", r.at("reason").get<std::string>());
  }
  return text;
}

struct CheckRun {
  std::string claims;
  std::vector<std::string> evidence;
  std::string out;
  bool json = false;
};

}  // namespace

Json check_claims(const Json& claims, const std::vector<Json>& evidence) {
  if (!claims.is_object() || !claims.contains("claims") || !claims.at("claims").is_array()) {
    throw std::invalid_argument(
        "the file has no array \"claims\"; bench/migration/claims/press.json is an example");
  }
  Json results = Json::array();
  for (const Json& claim : claims.at("claims")) {
    try {
      results.push_back(judge(claim, evidence));
    } catch (const nlohmann::json::exception& e) {
      throw std::invalid_argument(fmt::format(
          "claim {}: {}; bench/migration/claims/press.json is an example", claim.dump(), e.what()));
    }
  }
  return {{"schema", "moat-port-check"}, {"version", 1}, {"claims", results}};
}

void add_claims_commands(CLI::App& port, int& exit_code) {
  auto run = std::make_shared<CheckRun>();
  auto* command =
      port.add_subcommand("claims", "are claims about ports supported by measured ones?");
  command->add_option("CLAIMS", run->claims, "JSON, as bench/migration/claims/press.json")->required();
  command->add_option("--evidence", run->evidence, "Of moat port corpus --json; may be repeated")
      ->type_name("FILE");
  command->add_flag("--json", run->json, "Print JSON (schema moat-port-check)");
  command->add_option("--out", run->out, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command->footer(R"(
A claim (JSON) has: id; says; level, "port" (the median over ports) or "corpus" (all lines together);
metric and denominator, as moat port corpus --json names them; operator, >= > <= or <; value; and
population, {"from": MODEL, "to": MODEL}. Other levels and metrics are judged not testable.

supported: the whole 95 % interval fulfils the claim; refuted: none of it does; not testable: it
straddles the value, there are fewer than 6 ports, or there is no evidence of that metric,
denominator or population. A corpus that a script generated (tests/bench/migration/make_corpus.py)
is no evidence. The verdicts by the other denominators, and the other level, are listed where they
differ.

Example:
  moat port corpus src --json --out corpus.json
  moat port claims bench/migration/claims/press.json --evidence corpus.json

exit codes: 0 every claim was judged, 2 bad usage or a malformed file, 4 output could not be written
)");
  command->callback([run, &exit_code] {
    exit_code = guarded_run("claims", [&] {
      const auto read = [](const std::string& file) {
        try {
          return read_json_file(file);
        } catch (const std::exception& e) {
          throw std::invalid_argument(e.what());
        }
      };
      std::vector<Json> evidence;
      for (const std::string& file : run->evidence) {
        evidence.push_back(read(file));
        if (evidence.back().value("schema", "") != "moat-port-corpus") {
          throw std::invalid_argument(
              fmt::format("--evidence {}: not of schema moat-port-corpus", file));
        }
        if (!evidence.back().contains("generated")) {
          throw std::invalid_argument(fmt::format(
              "--evidence {}: lacks \"generated\"; write it anew with moat port corpus", file));
        }
      }
      const Json results = check_claims(read(run->claims), evidence);
      put_output(run->out, run->json ? dump_strict(results) : check_text(results));
      return 0;
    });
  });

  auto* former = port.add_subcommand("check", "the former name of claims")->group("");
  former->prefix_command();
  former->callback([&exit_code] {
    exit_code = guarded_run("check", []() -> int {
      throw std::invalid_argument(
          "is called moat port claims; moat port --check asks whether the committed record is "
          "true");
    });
  });
}

}  // namespace moat
