#include "bench/port/claims/claims_command.hpp"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>

#include "bench/port/corpus/distribution.hpp"
#include "bench/port/diff/diff_command.hpp"

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

// The median over ports, the only statistic that has an exact interval here.
std::optional<Estimate> median_of(const Json& corpus, const std::string& metric) {
  const Json& all = corpus.at("distributions");
  if (!all.contains(metric)) return std::nullopt;
  const Json& d = all.at(metric);
  if (d.at("n") == 0 || d.at("median_interval").is_null()) return std::nullopt;
  return Estimate{.value = d.at("median").get<double>(),
                  .interval = {.lower = d.at("median_interval")[0].get<double>(),
                               .upper = d.at("median_interval")[1].get<double>()}};
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
  if (level != "port" || find_metric(metric) == nullptr) {
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
  const auto estimate = median_of(*found, metric);
  const Json& d = found->at("distributions").at(metric);
  result["n"] = d.at("n");
  if (!estimate) {
    result["reason"] = "fewer than 6 ports: their median has no exact 95 % interval";
    return result;
  }
  result["verdict"] = verdict(*estimate, op, bound);
  if (result["verdict"] == "not testable") {
    result["reason"] = "the claimed value lies within the 95 % interval of the median";
  }
  result["median"] = estimate->value;
  result["interval"] = Json::array({estimate->interval.lower, estimate->interval.upper});
  result["p10"] = d.at("p10");
  result["p90"] = d.at("p90");
  Json& flips = result["other_denominators"] = Json::array();
  for (const PortMetric& other : port_metrics()) {
    if (other.name == metric || other.name == "mechanical") continue;
    const auto e = median_of(*found, std::string(other.name));
    if (!e) continue;
    const std::string judged = verdict(*e, op, bound);
    flips.push_back({{"metric", other.name},
                     {"denominator", other.denominator},
                     {"median", e->value},
                     {"verdict", judged},
                     {"flips", judged != result["verdict"].get<std::string>()}});
  }
  return result;
}

std::string check_text(const Json& results) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const Json& r : results.at("claims")) {
    fmt::format_to(out, "{}: {}\n  {}\n", r.at("verdict").get<std::string>(),
                   r.at("id").get<std::string>(), r.at("says").get<std::string>());
    if (r.contains("median")) {
      fmt::format_to(out,
                     "  n {}, median {:.1f} % (95 % interval {:.1f} – {:.1f} %), p10 {:.1f} %, "
                     "p90 {:.1f} %\n",
                     r.at("n").dump(), 100 * r.at("median").get<double>(),
                     100 * r.at("interval")[0].get<double>(),
                     100 * r.at("interval")[1].get<double>(), 100 * r.at("p10").get<double>(),
                     100 * r.at("p90").get<double>());
      bool any = false;
      for (const Json& f : r.at("other_denominators")) {
        if (!f.at("flips").get<bool>()) continue;
        any = true;
        fmt::format_to(out, "  but {} by {} (of {})\n", f.at("verdict").get<std::string>(),
                       f.at("metric").get<std::string>(), f.at("denominator").get<std::string>());
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
        "the file has no array \"claims\"; bench/port/claims/press.json is an example");
  }
  Json results = Json::array();
  for (const Json& claim : claims.at("claims")) {
    try {
      results.push_back(judge(claim, evidence));
    } catch (const nlohmann::json::exception& e) {
      throw std::invalid_argument(fmt::format(
          "claim {}: {}; bench/port/claims/press.json is an example", claim.dump(), e.what()));
    }
  }
  return {{"schema", "moat-port-check"}, {"version", 1}, {"claims", results}};
}

void add_check_command(CLI::App& port, int& exit_code) {
  auto run = std::make_shared<CheckRun>();
  auto* command =
      port.add_subcommand("check", "are claims about ports supported by measured ones?");
  command->add_option("CLAIMS", run->claims, "JSON, as bench/port/claims/press.json")->required();
  command->add_option("--evidence", run->evidence, "Of moat port corpus --json; may be repeated")
      ->type_name("FILE");
  command->add_flag("--json", run->json, "Print JSON (schema moat-port-check)");
  command->add_option("--out", run->out, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command->footer(R"(
supported: the whole 95 % interval of the median over ports fulfils the claim; refuted: none of it
does; not testable: it straddles the value, or there is no evidence of that metric, denominator or
population. A corpus that a script generated (tests/bench/port/make_corpus.py) is no evidence.

Example:
  moat port corpus src --json --out corpus.json
  moat port check bench/port/claims/press.json --evidence corpus.json

exit codes: 0 every claim was judged, 2 bad usage or a malformed file, 4 output could not be written
)");
  command->callback([run, &exit_code] {
    exit_code = guarded_run("check", [&] {
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
}

}  // namespace moat
