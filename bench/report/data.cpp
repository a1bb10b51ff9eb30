// SPDX-License-Identifier: Apache-2.0
#include "bench/report/data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "bench/compare/across.hpp"
#include "bench/compare/beside.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/compare/platforms.hpp"
#include "bench/record/csv.hpp"
#include "bench/run/case_records.hpp"
#include "bench/text/quantity.hpp"
#include "problems/problem.hpp"

namespace moat {
namespace {

Json number(const std::optional<double>& x) { return x && std::isfinite(*x) ? Json(*x) : Json(); }

std::optional<double> geometric_mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double v : values) sum += std::log(v);
  return std::exp(sum / static_cast<double>(values.size()));
}

// The kernel of the porting record that holds a kernel of the cases: the former are files.
std::string porting_kernel(const std::string& kernel) {
  const Problem* problem = find_kernel(kernel);
  return problem != nullptr ? kind(*problem) : kernel;
}

// 1 − the mean divergence of a kernel's ports; null if a porting record does not tell.
Json code_convergence(const Json* porting, const std::string& kernel) {
  if (porting == nullptr || !porting->contains("divergence")) return {};
  const Json of_kernel = (*porting)["divergence"].value(porting_kernel(kernel), Json::object());
  const Json mean = of_kernel.value("mean", Json());
  return mean.is_number() ? Json(1 - mean.get<double>()) : Json();
}

// The suite's own plain loops are a baseline, but nobody's library.
constexpr const char* kPlain = "plain";

bool believed(const Record& record, const CaseRecord& c, const RatioRecord& ratio) {
  return samples_beside(record, c, ratio.baseline) >= kFewestSamples;
}

// The fastest library that ran beside ours, or the plain loops where no library has the kernel.
const RatioRecord* fastest(const CaseRecord& c) {
  const RatioRecord* best = nullptr;
  const auto is_plain = [](const RatioRecord& r) { return r.baseline == kPlain; };
  for (const auto& r : c.ratios) {
    if (best == nullptr ||
        std::pair(is_plain(r), r.ratio) < std::pair(is_plain(*best), best->ratio)) {
      best = &r;
    }
  }
  return best;
}

std::string commit_of(const Record& record) {
  std::string text =
      record.build.commit.value ? record.build.commit.value->substr(0, 12) : "unknown commit";
  if (record.build.dirty.value.value_or(false)) text += " (modified)";
  return text;
}

// Our kernel on one problem and device, of the newest record that has it.
struct Newest {
  std::size_t record = 0;
  const CaseRecord* c = nullptr;
  const Record* of = nullptr;

  bool ok() const { return c != nullptr && c->status == Status::ok; }
  // Share of the ceiling; 0 without a verified result, empty if it is not known what binds.
  std::optional<double> architectural() const {
    if (disturbed()) return std::nullopt;
    if (!ok()) return 0;
    if (!c->ceiling.value) return std::nullopt;
    return std::min(1.0, c->ceiling.value->share);
  }
  // Best known time on that device ÷ ours, 1 where ours is the best; empty if a ratio has too few
  // samples.
  std::optional<double> application() const {
    if (disturbed()) return std::nullopt;
    if (!ok()) return 0;
    double least = 1;
    for (const auto& r : c->ratios) {
      if (!believed(*of, *c, r)) return std::nullopt;
      least = std::min(r.ratio, least);
    }
    return least;
  }

  bool disturbed() const {
    return c != nullptr && !ok() && verdict_without_result(*c) == Verdict::disturbed;
  }
};

class Report {
 public:
  Report(const std::vector<NamedRecord>& records, const std::string& baseline)
      : records_(records),
        platforms_(records),
        across_(compare_across(records, baseline, {.resamples = 200})) {
    for (std::size_t r = 0; r < records_.size(); ++r) {
      for (const auto& c : records_[r].record.cases) {
        const auto d = platforms_.of(r, c);
        if (c.implementation != kOurs || !d || !platforms_.is_current(r, *d)) continue;
        newest_[{c.problem, *d}] = {r, &c, &records_[r].record};
        if (problem_set_.insert(c.problem).second) {
          problems_.emplace_back(c.problem, c.kernel);
          if (std::ranges::find(kernels_, c.kernel) == kernels_.end()) {
            kernels_.push_back(c.kernel);
          }
        }
      }
      if (records_[r].record.porting.value) porting_ = records_[r].record.porting.value->get();
    }
  }

  Json build() {
    Json data;
    data["devices"] = devices();
    data["summary"] = summary(data["devices"]);
    data["problems"] = problems();
    data["problem_names"] = Json::array();
    data["cases"] = cases(data["problem_names"]);
    data["roofs"] = roofs();
    data["pp"] = portability();
    data["porting"] = porting("ports");
    data["families"] = porting("families");
    for (const char* key : {"baseline", "baseline_family"}) {
      data["porting_" + std::string(key)] =
          porting_ != nullptr ? porting_->value(key, Json()) : Json();
    }
    data["porting_absent"] = porting_ != nullptr
                                 ? "None."
                                 : "No record has counts: " + records_.back().record.porting.reason;
    data["models"] = models();
    data["history"] = history();
    data["records"] = provenance();
    return data;
  }

 private:
  Newest newest(const std::string& problem, std::size_t device) const {
    const auto at = newest_.find({problem, device});
    return at == newest_.end() ? Newest{} : at->second;
  }

  // How many devices there are, under however many conditions.
  std::size_t devices_apart() const {
    std::set<std::size_t> apart;
    for (const Platform& p : across_.devices) apart.insert(p.device);
    return apart.size();
  }
  std::string under_conditions() const {
    const std::size_t platforms = across_.devices.size();
    return platforms == devices_apart() ? ""
                                        : fmt::format(" under {} sets of conditions", platforms);
  }

  bool is_newest(const std::string& problem, std::size_t device, std::size_t record) const {
    const Newest n = newest(problem, device);
    return n.c != nullptr && n.record == record;
  }

  // The part of the porting record of a backend and kernel; empty if there is none.
  Json port(const std::string& backend, const std::string& kernel) const {
    if (porting_ == nullptr || !porting_->contains("ports")) return Json::object();
    const Json& ports = (*porting_)["ports"];
    if (!ports.contains(backend) || !ports[backend].is_object()) return Json::object();
    const Json kernels = ports[backend].value("kernels", Json::object());
    // Without its baseline a port was counted and not compared.
    return kernels.is_object() ? kernels.value(kernel, Json::object()) : Json::object();
  }

  std::string executed(const std::string& backend) const {
    if (porting_ == nullptr || !porting_->contains("ports")) return "";
    const Json& ports = (*porting_)["ports"];
    if (!ports.contains(backend) || !ports[backend].is_object()) return "";
    const Json value = ports[backend].value("executed", Json());
    return value.is_string() ? value.get<std::string>() : "";
  }

  Json devices() const {
    Json list = Json::array();
    const auto& all = across_.means.back();
    for (std::size_t d = 0; d < across_.devices.size(); ++d) {
      const Platform& id = across_.devices[d];
      int asked = 0;
      int disturbed = 0;
      int few = 0;  // ratios of too few samples
      int verified = 0;
      std::vector<double> shares;
      std::vector<double> ratios;  // to libraries
      std::vector<double> plain;
      for (const auto& [problem, kernel] : problems_) {
        const Newest n = newest(problem, d);
        if (n.c == nullptr) continue;
        ++asked;
        disturbed += n.disturbed() ? 1 : 0;
        if (!n.ok()) continue;
        ++verified;
        if (const auto share = n.architectural()) shares.push_back(*share);
        if (const auto* r = fastest(*n.c)) {
          if (!believed(*n.of, *n.c, *r)) {
            ++few;
            continue;
          }
          (r->baseline == kPlain ? plain : ratios).push_back(r->ratio);
        }
      }
      const Json total = port(id.backend, "all").value("total", Json::object());
      list.push_back({{"device", id.label},
                      {"backend", id.backend},
                      {"architecture", id.architecture},
                      {"asked", asked},
                      {"verified", verified},
                      {"disturbed", disturbed},
                      {"speed", all.speed[d] ? number(all.speed[d]->ratio) : Json()},
                      {"common", all.cases[d]},
                      {"share", number(geometric_mean(shares))},
                      {"shares", shares.size()},
                      {"few", few},
                      {"ratio", number(geometric_mean(ratios))},
                      {"ratios", ratios.size()},
                      {"plain", number(geometric_mean(plain))},
                      {"plains", plain.size()},
                      {"changed", total.value("changed", Json())},
                      {"executed", executed(id.backend)}});
    }
    return list;
  }

  // What a device's port cost, from the porting record.
  std::string port_in_words(const std::string& backend) const {
    if (porting_ == nullptr) return "What the port cost was not counted.";
    const std::string baseline = porting_->value("baseline", "");
    if (backend == baseline) return "The other ports' lines are compared with this port's.";
    const Json all = port(backend, "all");
    const auto lines = [&](const char* part) {
      const Json of_part = all.value(part, Json::object());
      return std::pair(of_part.value("added", Json()), of_part.value("lines", Json()));
    };
    const auto [kernel, kernels] = lines("kernel");
    const auto [problem, problems] = lines("problem");
    const auto [layer, layers] = lines("layer");
    const Json changed = all.value("total", Json::object()).value("changed", Json());
    if (!changed.is_number() || !kernel.is_number() || !layer.is_number()) {
      return "What the port cost was not counted.";
    }
    // Records before version 1.2 count the problems among the kernels.
    const std::string in_problems =
        problem.is_number()
            ? fmt::format("{} of {} in the problems, ", problem.dump(), problems.dump())
            : "";
    return fmt::format(
        "Of the lines that its port compiles, {} are not the {} port's: {} of {} in the kernels, "
        "{}{} of {} in the layer below.",
        percent(changed.get<double>()), baseline, kernel.dump(), kernels.dump(), in_problems,
        layer.dump(), layers.dump());
  }

  Json summary(const Json& devices) const {
    Json list = Json::array();
    const auto say = [&](const std::string& lead, const std::string& text, bool bad = false) {
      list.push_back({{"lead", lead}, {"text", text}, {"bad", bad}});
    };
    const auto count = [](std::size_t n, const char* what) {
      return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
    };
    const auto relative = [](const Json& ratio) {
      const double r = ratio.get<double>();
      return r < 0.995 ? percent(r) + " of" : three_digits(r) + " ×";
    };
    const std::string first = records_.front().record.run.started.substr(0, 10);
    const std::string last = records_.back().record.run.started.substr(0, 10);
    const std::string beside =
        devices.empty() ? "No record names a device."
        : devices.size() == 1
            ? "There is no second device to compare it with."
            : fmt::format("Speeds relate to {}.", across_.devices[across_.baseline].label);
    say("", fmt::format("{} ran {}{} ({}, {}). {}", count(devices_apart(), "device"),
                        count(problems_.size(), "problem"), under_conditions(),
                        count(records_.size(), "record"),
                        first == last ? first : first + " to " + last, beside));
    for (const std::string& run : across_.unfinished) say("", "Warning: " + run + ".", true);
    for (std::size_t d = 0; d < devices.size(); ++d) {
      const Json& x = devices[d];
      std::string text;
      if (d != across_.baseline) {
        text = x["speed"].is_null()
                   ? "No problem in common with the baseline. "
                   : fmt::format("Our kernels run at {} the baseline's speed ({}). ",
                                 relative(x["speed"]), count(x["common"], "problem"));
      }
      if (!x["share"].is_null()) {
        const bool all = x["shares"] == x["verified"];
        text +=
            fmt::format("{} reach {} of what the device was measured to be capable of{}. ",
                        text.empty() ? "Our kernels" : "They", percent(x["share"].get<double>()),
                        all ? ""
                            : fmt::format(", in the {} of {} whose ceiling was measured",
                                          x["shares"].get<std::size_t>(),
                                          count(x["verified"].get<std::size_t>(), "problem")));
      }
      const std::string too_few =
          fmt::format("{} {} too few samples to tell. ",
                      count(x["few"].get<std::size_t>(), "ratio"), x["few"] == 1 ? "has" : "have");
      const std::string no_library = x["few"] == 0 ? "No library ran beside them. " : "";
      text += x["ratio"].is_null()
                  ? no_library
                  : fmt::format("That is {} the speed of the fastest library there ({}). ",
                                relative(x["ratio"]), count(x["ratios"], "problem"));
      if (!x["plain"].is_null()) {
        text += fmt::format(
            "Where no library has the kernel: {} the speed of the suite's own plain loops ({}). ",
            relative(x["plain"]), count(x["plains"], "problem"));
      }
      if (x["few"] != 0) text += too_few;
      if (const auto& warning = across_.devices[d].warning; !warning.empty()) {
        say(x["device"], "Warning: " + warning + ".", true);
      }
      say(x["device"], text + port_in_words(x["backend"]));
      const int disturbed = x["disturbed"].get<int>();
      const int failed = x["asked"].get<int>() - x["verified"].get<int>() - disturbed;
      if (disturbed > 0) {
        say(x["device"],
            fmt::format(
                "{} of {} cases {} disturbed by other work on the machine and {} no number.",
                disturbed, x["asked"].get<int>(), disturbed == 1 ? "was" : "were",
                disturbed == 1 ? "has" : "have"),
            true);
      }
      if (failed > 0) {
        say(x["device"],
            fmt::format("{} of {} cases {} no verified result.", failed, x["asked"].get<int>(),
                        failed == 1 ? "has" : "have"),
            true);
      }
    }
    std::set<std::string> skipped;
    for (const auto& r : records_) {
      for (const auto& s : r.record.skipped_backends) {
        if (std::ranges::none_of(across_.devices,
                                 [&](const Platform& d) { return d.backend == s.name; })) {
          skipped.insert(fmt::format("The {} backend was not measured: {}.", s.name, s.reason));
        }
      }
    }
    for (const auto& s : skipped) say("", s, true);
    for (const auto& n : across_.notes) say("", n + "; the history shows all.");
    return list;
  }

  Json problems() const {
    Json list = Json::array();
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> rows;
    for (std::size_t r = 0; r < records_.size(); ++r) {
      const Record& record = records_[r].record;
      // What several records say alike is one row, of the newest of them.
      const auto add = [&](const std::string& what, const std::string& name, const std::string& why,
                           bool bad) {
        const auto [at, inserted] = rows.emplace(std::tuple(what, name, why), list.size());
        if (inserted) {
          list.push_back(
              {{"what", what}, {"name", name}, {"why", why}, {"records", 0}, {"bad", bad}});
        }
        Json& row = list[at->second];
        row["record"] = r;
        row["records"] = row["records"].get<int>() + 1;
      };
      for (const auto& c : record.cases) {
        if (c.status != Status::ok) add(std::string(name_of(c.status)), c.name, c.message, true);
      }
      if (record.run.interrupted || lacks_cases(record)) {
        add(record.run.interrupted ? "interrupted" : "incomplete", "run",
            fmt::format("{} of {} planned cases", record.cases.size(), record.run.planned), true);
      }
      for (const auto& s : record.skipped_backends) add("skipped backend", s.name, s.reason, false);
      for (const auto& s : record.absent_baselines) add("absent library", s.name, s.reason, false);
    }
    Json bad_first = Json::array();
    for (const bool bad : {true, false}) {
      for (const Json& row : list) {
        if (row["bad"] == bad) bad_first.push_back(row);
      }
    }
    return bad_first;
  }

  Json cases(Json& names) const {
    std::map<std::string, std::size_t> index;
    Json rows = Json::array();
    for (std::size_t r = 0; r < records_.size(); ++r) {
      for (const auto& c : records_[r].record.cases) {
        const auto d = platforms_.of(r, c);
        if (!d) continue;
        const auto [at, inserted] = index.emplace(c.problem, index.size());
        if (inserted) names.push_back(c.problem);
        const bool ok = c.status == Status::ok;
        const auto of = [&](const Reading<double>& x) { return ok ? number(x.value) : Json(); };
        const bool shared = ok && c.ceiling.value.has_value();
        const auto& check = c.check.value;
        const RatioRecord* other = ok ? fastest(c) : nullptr;
        std::string than = other == nullptr            ? ""
                           : other->baseline == kPlain ? "plain loops"
                                                       : other->baseline;
        if (other != nullptr && !believed(records_[r].record, c, *other)) {
          than += ": too few samples";
          other = nullptr;
        }
        rows.push_back(
            {at->second, c.kernel, *d, c.implementation, name_of(c.status), of(c.median_seconds),
             of(c.gflops), of(c.gbytes), shared ? Json(c.ceiling.value->share) : Json(),
             shared ? c.ceiling.value->bound : "", other != nullptr ? number(other->ratio) : Json(),
             than, check ? number(check->error_over_bound.value) : Json(), c.flops / c.bytes, r,
             is_newest(c.problem, *d, r) ? 1 : 0});
      }
    }
    return {{"columns",
             {"problem", "kernel", "device", "by", "status", "median", "gflops", "gbytes", "share",
              "bound", "ratio", "than", "error", "intensity", "record", "latest"}},
            {"rows", std::move(rows)}};
  }

  // The measured roofs of each device, of its newest record: one for each type that a case has.
  Json roofs() const {
    std::map<std::pair<std::string, std::string>, Json> lines;  // device and type
    for (std::size_t r = 0; r < records_.size(); ++r) {
      const Record& record = records_[r].record;
      std::set<std::string> types;
      for (const auto& c : record.cases) types.insert(c.dtype);
      for (const auto& d : record.devices) {
        const CeilingsRecord& ceilings = d.ceilings;
        const auto read = ceilings.read_bytes.value;
        if (!read) continue;
        for (const DType dtype : kDTypes) {
          const std::string type(name_of(dtype));
          const auto flops = ceilings.flops(dtype).value;
          if (!flops || !types.contains(type)) continue;
          for (const std::size_t platform : platforms_.of(r, d.backend, d.index)) {
            const std::string device = across_.devices[platform].label;
            Json& line = lines[{device, type}] = Json::array();
            for (const double x : {0.1, *flops / *read, 10000.0}) {
              line.push_back({{"device", device},
                              {"dtype", type},
                              {"intensity", x},
                              {"gflops", std::min(*flops, x * *read) / 1e9}});
            }
          }
        }
      }
    }
    Json all = Json::array();
    for (const auto& [of, line] : lines) {
      for (const auto& point : line) all.push_back(point);
    }
    return all;
  }

  // The problems of a kernel that every device was asked that was asked any of them.
  std::vector<std::string> common_problems(const std::string& kernel) const {
    std::vector<std::string> common;
    std::set<std::size_t> asked;
    for (const auto& [of, n] : newest_) {
      if (n.c->kernel == kernel) asked.insert(of.second);
    }
    for (const auto& [problem, k] : problems_) {
      if (k == kernel && std::ranges::all_of(asked, [&](std::size_t d) {
            return newest(problem, d).c != nullptr;
          })) {
        common.push_back(problem);
      }
    }
    return common;
  }

  // Of a kernel on a device: geometric mean over the problems that all were asked, as far as it is
  // known; 0 if one has no verified result.
  std::optional<double> efficiency(const std::string& kernel, std::size_t device,
                                   std::optional<double> (Newest::*of)() const) const {
    std::vector<double> values;
    for (const auto& problem : common_problems(kernel)) {
      const Newest n = newest(problem, device);
      if (n.c == nullptr) continue;
      const auto e = (n.*of)();
      if (!e) continue;
      if (*e <= 0) return 0;
      values.push_back(*e);
    }
    return geometric_mean(values);
  }

  // On how many of its problems a kernel's share of the ceiling is known, and of how many.
  std::pair<int, int> shares_known(const std::string& kernel, std::size_t device) const {
    int known = 0;
    int asked = 0;
    for (const auto& problem : common_problems(kernel)) {
      const Newest n = newest(problem, device);
      if (n.c == nullptr) continue;
      ++asked;
      known += n.architectural() ? 1 : 0;
    }
    return {known, asked};
  }

  // Over all devices; empty if it is not known on one of them.
  std::optional<double> portability_of(const std::string& kernel,
                                       std::optional<double> (Newest::*of)() const) const {
    std::vector<double> values;
    for (std::size_t d = 0; d < across_.devices.size(); ++d) {
      const auto e = efficiency(kernel, d, of);
      if (!e) return std::nullopt;
      values.push_back(*e);
    }
    return performance_portability(values);
  }

  Json portability() const {
    Json kernels = Json::array();
    Json cascade = Json::array();
    for (const auto& kernel : kernels_) {
      std::vector<std::pair<double, std::string>> order;
      std::string unsupported;
      std::string unknown;
      for (std::size_t d = 0; d < across_.devices.size(); ++d) {
        if (const auto e = efficiency(kernel, d, &Newest::architectural)) {
          order.emplace_back(*e, across_.devices[d].label);
        }
        if (efficiency(kernel, d, &Newest::application) == 0) {
          unsupported += (unsupported.empty() ? "" : ", ") + across_.devices[d].label;
        }
        const auto [known, asked] = shares_known(kernel, d);
        if (known < asked) {
          unknown += fmt::format("{}{}: {} of {}", unknown.empty() ? "" : ", ",
                                 across_.devices[d].label, asked - known, asked);
        }
      }
      std::ranges::sort(order, std::greater<>());
      std::vector<double> first;
      for (const auto& [e, device] : order) {
        first.push_back(e);
        cascade.push_back({{"kernel", kernel},
                           {"n", first.size()},
                           {"device", device},
                           {"efficiency", e},
                           {"pp", performance_portability(first)}});
      }
      kernels.push_back({{"kernel", kernel},
                         {"architectural", number(portability_of(kernel, &Newest::architectural))},
                         {"application", number(portability_of(kernel, &Newest::application))},
                         {"convergence", code_convergence(porting_, kernel)},
                         {"unsupported", unsupported},
                         {"unknown", unknown}});
    }
    const std::size_t devices = devices_apart();
    return {
        {"note",
         fmt::format(
             "PP is Pennycook's performance portability: the harmonic mean of a "
             "kernel's efficiencies over {}{} of these records, 0 if one has "
             "no verified result for one of its problems. Architectural efficiency is "
             "the share of the ceiling that binds, and cases in which that is not known, "
             "because a ceiling was not measured, are left out; application efficiency is the best "
             "time of that device, ours, a library's or the plain loops', divided by "
             "ours. A kernel's efficiency on a device is the geometric mean over the "
             "problems that all were asked, without those whose ratios have too few samples. Code "
             "convergence is 1 − the mean divergence over all ports of "
             "the porting record.{}",
             devices == 1 ? "the one device" : fmt::format("the {} devices", devices),
             under_conditions(),
             devices == 1 ? " With one device PP is its efficiency and says "
                            "nothing about portability yet."
                          : "")},
        {"kernels", std::move(kernels)},
        {"cascade", std::move(cascade)}};
  }

  // Rows of `what`: the "ports" or their architecture "families".
  Json porting(const char* what) const {
    Json list = Json::array();
    if (porting_ == nullptr || !porting_->contains(what)) return list;
    for (const auto& [port, of_port] : (*porting_)[what].items()) {
      if (!of_port.is_object() || !of_port.contains("kernels")) continue;
      const Json executed = of_port.value("executed", Json());
      for (const auto& [kernel, parts] : of_port["kernels"].items()) {
        const auto get = [&](const char* part, const char* key) {
          return parts.value(part, Json::object()).value(key, Json());
        };
        list.push_back({{"port", port},
                        {"kernel", kernel},
                        {"kernel_changed", get("kernel", "added")},
                        {"kernel_lines", get("kernel", "lines")},
                        {"problem_changed", get("problem", "added")},
                        {"problem_lines", get("problem", "lines")},
                        {"layer_changed", get("layer", "added")},
                        {"layer_lines", get("layer", "lines")},
                        {"changed", get("total", "changed")},
                        {"lines", get("total", "lines")},
                        {"unused", get("total", "unused")},
                        {"executed", executed.is_string() ? executed : Json("not known")}});
      }
    }
    return list;
  }

  // What `moat model` put together, for each record and device.
  Json models() const {
    Json list = Json::array();
    for (std::size_t r = 0; r < records_.size(); ++r) {
      const Record& record = records_[r].record;
      if (!record.model) continue;
      const ModelRecord& m = *record.model;
      for (const ModelDeviceRecord& device : m.devices) {
        const auto d = std::ranges::find_if(record.devices, [&](const DeviceRecord& x) {
          return x.backend == device.backend && x.index == device.device;
        });
        if (d == record.devices.end()) continue;
        double bytes = 0;
        for (const ModelMemoryRecord& part : m.memory) bytes += part.bytes;
        for (const ModelStepRecord& step : device.steps) {
          list.push_back({{"model", m.name},
                          {"device", fmt::format("{} {}", d->backend, d->name)},
                          {"step", step.step},
                          {"tokens", step.tokens},
                          {"keys", step.keys},
                          {"weights", m.weights},
                          {"tp", m.tp},
                          {"rate", number(step.tokens_per_second_at_most.value)},
                          {"why", step.tokens_per_second_at_most.reason},
                          {"covered", step.bytes_covered},
                          {"memory", bytes},
                          {"memory_of_device", d->memory_bytes},
                          {"fits", device.fits ? "fits" : "does not fit"},
                          {"currency", m.price ? m.price->currency : ""},
                          {"source", m.price ? m.price->source.value_or("no source given") : ""},
                          {"cost", number(step.cost_per_million_tokens_at_least)},
                          {"cost_of_work", number(step.cost_per_exaflop_at_least)},
                          {"joules", number(step.joules_per_token_at_least)},
                          {"record", r}});
        }
      }
    }
    return list;
  }

  // Our cases of one device; the other devices of a record have a history of their own.
  NamedRecord only_device(std::size_t record, std::size_t platform) const {
    const Record& from = records_[record].record;
    NamedRecord part;
    part.path = records_[record].path;
    part.record.run = from.run;
    part.record.build = from.build;
    part.record.devices = from.devices;
    for (const auto& c : from.cases) {
      if (c.implementation == kOurs && platforms_.of(record, c) == platform) {
        part.record.cases.push_back(c);
      }
    }
    return part;
  }

  Json history() const {
    constexpr double kThreshold = 0.05;
    Json points = Json::array();
    Json changes = Json::array();
    for (std::size_t platform = 0; platform < across_.devices.size(); ++platform) {
      const std::string& label = across_.devices[platform].label;
      std::vector<std::pair<std::size_t, NamedRecord>> runs;
      for (std::size_t r = 0; r < records_.size(); ++r) {
        NamedRecord part = only_device(r, platform);
        if (!part.record.cases.empty()) runs.emplace_back(r, std::move(part));
      }
      if (runs.size() < 2) continue;
      std::map<std::string, double> first;
      for (const auto& c : runs.front().second.record.cases) {
        if (c.status == Status::ok) first[c.problem] = c.median_seconds.get();
      }
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const Record& record = runs[i].second.record;
        std::map<std::string, std::vector<double>> speeds;
        for (const auto& c : record.cases) {
          if (c.status == Status::ok && first.contains(c.problem)) {
            speeds[c.kernel].push_back(first[c.problem] / c.median_seconds.get());
          }
        }
        for (const auto& [kernel, values] : speeds) {
          points.push_back({{"device", label},
                            {"kernel", kernel},
                            {"started", record.run.started},
                            {"commit", commit_of(record)},
                            {"speed", *geometric_mean(values)},
                            {"record", runs[i].first}});
        }
        if (i == 0) continue;
        const Comparison comparison =
            compare_records({runs[i - 1].second}, {runs[i].second},
                            {.threshold = kThreshold, .bootstrap = {.seed = 1, .resamples = 100}});
        for (const auto& c : comparison.cases) {
          if (c.verdict != Verdict::slower && c.verdict != Verdict::faster) continue;
          changes.push_back({{"name", c.name},
                             {"device", label},
                             {"commit", commit_of(record)},
                             {"verdict", name_of(c.verdict)},
                             {"change", c.ratio->ratio - 1},
                             {"record", runs[i].first}});
        }
      }
    }
    return {
        {"points", std::move(points)},
        {"changes", std::move(changes)},
        {"note",
         "Each record against the one before it on the same device; slower and faster mean that "
         "the whole 95 % interval lies beyond 5 %. On a drifting machine moat run --ab decides."}};
  }

  Json provenance() const {
    Json list = Json::array();
    for (const auto& [path, r] : records_) {
      Json facts = Json::array();
      const auto add = [&](const std::string& key, const std::string& value) {
        facts.push_back({key, value});
      };
      const auto reading = [&](const std::string& key, const auto& x) {
        add(key, x.value ? fmt::format("{}", *x.value) : "not known: " + x.reason);
      };
      add("file", path);
      add("started", fmt::format("{}, {:.0f} s{}", r.run.started, r.run.duration_seconds,
                                 r.run.interrupted ? ", interrupted" : ""));
      std::string command;
      for (const auto& a : r.run.arguments) command += (command.empty() ? "" : " ") + a;
      add("command", command);
      add("seed, threads", fmt::format("{}, {}", r.run.seed, r.run.threads));
      add("moat", fmt::format("{}, {}", r.build.version, commit_of(r)));
      add("compiler",
          fmt::format("{} {} ({})", r.build.compiler, r.build.flags, r.build.build_type));
      reading("host", r.host.name);
      reading("system", r.host.os);
      reading("kernel", r.host.kernel);
      reading("CPU", r.host.cpu);
      reading("governor", r.host.governor);
      if (const auto& load = r.host.load_average.value) {
        add("load before the run",
            fmt::format("{:.1f} on {} CPUs", (*load)[0], r.host.logical_cpus));
      }
      for (const auto& d : r.devices) {
        const std::string name = fmt::format("{}:{}", d.backend, d.index);
        add(name, fmt::format("{} ({}, {} units)", d.name, d.architecture, d.compute_units));
        reading(name + " driver", d.driver);
        reading(name + " runtime", d.runtime);
        reading(name + " clock, MHz", d.max_clock_mhz);
        reading(name + " ECC", d.ecc);
        reading(name + " power limit, W", d.power_limit_watts);
        for (const DType t : kDTypes) {
          reading(fmt::format("{} {} ceiling, FLOP/s", name, name_of(t)), d.ceilings.flops(t));
        }
        reading(name + " int8 ceiling, operations/s", d.ceilings.ops_int8);
        reading(name + " read ceiling, bytes/s", d.ceilings.read_bytes);
        reading(name + " copy ceiling, bytes/s", d.ceilings.copy_bytes);
      }
      for (const auto& l : r.libraries) {
        add("library " + l.name, fmt::format("{} ({})", l.version, l.detail));
      }
      for (const auto& s : r.skipped_backends) add("skipped backend " + s.name, s.reason);
      for (const auto& s : r.absent_baselines) add("absent library " + s.name, s.reason);
      std::string device = r.devices.empty() ? "no device" : r.devices.front().name;
      list.push_back({{"path", path},
                      {"title", fmt::format("{}, {}, {}, {} cases", r.run.started, device,
                                            commit_of(r), r.cases.size())},
                      {"facts", std::move(facts)}});
    }
    return list;
  }

  const std::vector<NamedRecord>& records_;
  Platforms platforms_;
  Across across_;
  std::vector<std::pair<std::string, std::string>> problems_;  // and their kernels
  std::set<std::string> problem_set_;
  std::vector<std::string> kernels_;
  std::map<std::pair<std::string, std::size_t>, Newest> newest_;  // by problem and device
  const Json* porting_ = nullptr;  // of the newest record that has it
};

}  // namespace

double performance_portability(const std::vector<double>& efficiencies) {
  double sum = 0;
  for (const double e : efficiencies) {
    if (!(e > 0)) return 0;
    sum += 1 / e;
  }
  return efficiencies.empty() ? 0 : static_cast<double>(efficiencies.size()) / sum;
}

Json report_data(const std::vector<NamedRecord>& records, const std::string& baseline) {
  return Report(records, baseline).build();
}

std::string report_csv(const std::vector<NamedRecord>& records) {
  const Platforms platforms(records);
  // The newest record that has our kernel tells all about a problem on a platform.
  std::map<std::pair<std::string, std::size_t>, std::size_t> newest;
  const Json* porting = nullptr;
  for (std::size_t r = 0; r < records.size(); ++r) {
    const Record& record = records[r].record;
    if (record.porting.value) porting = record.porting.value->get();
    for (const auto& c : record.cases) {
      const auto platform = platforms.of(r, c);
      if (c.implementation == kOurs && platform && platforms.is_current(r, *platform)) {
        newest[{c.problem, *platform}] = r;
      }
    }
  }
  std::string text = "problem,application,platform,date,fom,arch eff,divergence\n";
  for (const auto& [of, r] : newest) {
    const auto& [problem, platform] = of;
    const Record& record = records[r].record;
    for (const auto& c : record.cases) {
      // A yardstick solves nothing: beside it no application would be efficient.
      if (is_yardstick(c.implementation) || schedule_of(c.implementation)) continue;
      if (c.problem != problem || platforms.of(r, c) != platform) continue;
      const bool ok = c.status == Status::ok && c.median_seconds.value;
      const bool unknown = ok ? !c.ceiling.value : verdict_without_result(c) == Verdict::disturbed;
      const std::string share = unknown ? ""
                                : ok ? fmt::format("{:.6g}", std::min(1.0, c.ceiling.value->share))
                                     : "0";
      const Json converges =
          c.implementation == kOurs ? code_convergence(porting, c.kernel) : Json();
      text += fmt::format(
          "{},{},{},{},{},{},{}\n", csv_field(problem), csv_field(c.implementation),
          csv_field(platforms.all()[platform].label), csv_field(record.run.started),
          ok ? fmt::format("{:.6g}", *c.median_seconds.value) : "", share,
          converges.is_null() ? "" : fmt::format("{:.6g}", 1 - converges.get<double>()));
    }
  }
  return text;
}

}  // namespace moat
