// SPDX-License-Identifier: Apache-2.0
#include "bench/port/record.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "backends/descriptor.hpp"
#include "bench/port/evidence.hpp"

namespace moat {
namespace {

Json number(double x) { return x == std::floor(x) ? Json(static_cast<std::int64_t>(x)) : Json(x); }

Json to_json(const LineCounts& c) {
  Json j = {{"shared", number(c.shared)},
            {"added", number(c.added)},
            {"unused", number(c.unused)},
            {"lines", number(c.lines())}};
  // Nothing compiled: there is no share of it.
  if (const auto changed = c.changed()) j["changed"] = *changed;
  return j;
}

Json to_json(const PortCounts& c) {
  return {{"total", to_json(c.total)},
          {"kernel", to_json(c.kernel)},
          {"problem", to_json(c.problem)},
          {"layer", to_json(c.layer)},
          {"layer_share", to_json(c.share)}};
}

// A name in a JSON pointer.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

class Document {
 public:
  explicit Document(const Porting& porting) : porting_(porting) {}

  Json write() {
    document_["schema"] = "moat-porting";
    document_["version"] = kPortingVersion;
    document_["baseline"] = kBaseline;
    document_["baseline_family"] = kBaselineFamily;
    document_["ports"] = Json::object();
    for (const auto& name : backends()) port(name, document_["ports"][name]);
    document_["families"] = Json::object();
    for (const auto& name : families()) port(name, document_["families"][name]);
    divergence();
    files();
    document_["null_reasons"] = reasons_;
    return document_;
  }

 private:
  std::vector<std::string> backends() const {
    std::vector<std::string> names = port_backends();
    for (const auto& [name, lines] : porting_.count.backends) {
      if (!is_family(name) && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
  }

  std::set<std::string> families() const {
    std::set<std::string> names;
    for (const auto& [name, lines] : porting_.count.backends) names.insert(name);
    for (const auto& [name, why] : porting_.absent) names.insert(name);
    std::erase_if(names, [](const std::string& name) { return !is_family(name); });
    return names;
  }

  void null(Json& at, const std::string& pointer, const std::string& reason) {
    at = nullptr;
    reasons_[pointer] = reason;
  }

  void port(const std::string& name, Json& j) {
    const std::string at = pointer_to(name);
    const auto lines = porting_.count.backends.find(name);
    if (lines == porting_.count.backends.end()) {
      const auto why = porting_.absent.find(name);
      null(j, at, why == porting_.absent.end() ? "not compiled" : why->second);
      return;
    }
    j["origin"] = kThisBuild;
    j["compiler"] = lines->second.compiler;
    j["targets"] = lines->second.targets;
    null(j["commit"], at + "/commit", "the source folder is no git repository");
    null(j["sources_at_commit"], at + "/sources_at_commit", "no commit");
    j["executed"] = executed_text("", std::nullopt);
    null(j["tests"], at + "/tests", kNoTests);
    const LineSet all = lines->second.all();
    j["lines"] = all.size();
    j["other"] = Json::object();
    for (const auto& [file, numbers] : by_file(other_lines(all))) j["other"][file] = numbers.size();
    kernels(name, lines->second, j["kernels"]);
  }

  void kernels(const std::string& name, const BackendLines& lines, Json& j) {
    const std::string against = baseline_of(name);
    const auto baseline = porting_.count.backends.find(against);
    if (baseline == porting_.count.backends.end()) {
      null(j, pointer_to(name) + "/kernels",
           fmt::format("the baseline {} was not counted: {}", against,
                       reasons_.value(pointer_to(against), "this build does not compile it")));
      return;
    }
    for (const auto& [kernel, counts] : compare_backends(lines, baseline->second)) {
      j[kernel] = to_json(counts);
    }
  }

  void divergence() {
    std::map<std::string, std::map<std::string, LineSet>> sets;
    for (const auto& [name, lines] : porting_.count.backends) {
      if (is_family(name)) continue;
      for (const auto& [kernel, set] : lines.units) sets[kernel][name] = set;
      sets[kAll][name] = lines.all();
    }
    Json& j = document_["divergence"] = Json::object();
    for (const auto& [kernel, set] : sets) {
      const auto pairs = distances(set);
      j[kernel]["pairs"] = Json::array();
      for (const Distance& d : pairs) {
        j[kernel]["pairs"].push_back({{"a", d.a},
                                      {"b", d.b},
                                      {"in_both", d.in_both},
                                      {"in_either", d.in_either},
                                      {"distance", d.value()}});
      }
      if (const auto mean = mean_distance(pairs)) {
        j[kernel]["mean"] = *mean;
      } else {
        null(j[kernel]["mean"], "/divergence/" + kernel + "/mean", "fewer than two backends");
      }
    }
  }

  void files() {
    Json& j = document_["files"] = Json::object();
    for (const auto& [name, file] : porting_.count.files) {
      j[name] = {{"blob", file.blob}, {"code", file.code}, {"lines", Json::object()}};
    }
    for (const auto& [backend, lines] : porting_.count.backends) {
      for (const auto& [kernel, set] : lines.units) {
        for (const auto& [file, numbers] : by_file(set)) {
          j[file]["lines"][backend][kernel] = to_ranges(numbers);
        }
      }
    }
  }

  const Porting& porting_;
  Json document_ = Json::object();
  Json reasons_ = Json::object();
};

// Reads a port or a family.
void read_port(const std::string& name, const Json& j, const Json& reasons, Porting& porting) {
  if (j.is_null()) {
    porting.absent[name] = reasons.value(pointer_to(name), "");
    return;
  }
  BackendLines& lines = porting.count.backends[name];
  lines.compiler = j.at("compiler").get<std::string>();
  lines.targets = j.at("targets").get<std::vector<std::string>>();
}

}  // namespace

std::string pointer_to(std::string_view name) {
  return fmt::format("/{}/{}", is_family(name) ? "families" : "ports", escaped(name));
}

std::vector<std::string> port_backends() {
  // Rank in the document, and name.
  std::set<std::pair<int, std::string>> ranked;
  for (const BackendDescriptor& d : backend_descriptors()) {
    ranked.emplace(d.name == kBaseline ? 0 : d.families.empty() ? 2 : 1, d.name);
  }
  std::vector<std::string> names;
  for (const auto& [rank, name] : ranked) names.push_back(name);
  return names;
}

std::string baseline_of(std::string_view name) {
  return is_family(name) ? kBaselineFamily : kBaseline;
}

Json to_json(const Porting& porting) { return Document(porting).write(); }

Porting from_json(const Json& document) {
  Porting porting;
  std::set<std::string> without_ranges;
  try {
    if (document.at("schema") != "moat-porting") {
      throw std::runtime_error("/schema: not a porting record");
    }
    if (const int version = document.at("version").get<int>(); version != kPortingVersion) {
      throw std::runtime_error(fmt::format(
          "/version: a porting record of version {}, not {}: every build writes its own "
          "anew, moat port --update the committed one",
          version, kPortingVersion));
    }
    const Json& reasons = document.at("null_reasons");
    for (const char* member : {"ports", "families"}) {
      for (const auto& [name, j] : document.at(member).items()) {
        read_port(name, j, reasons, porting);
      }
    }
    for (const auto& [file, j] : document.at("files").items()) {
      porting.count.files[file] = {.blob = j.at("blob").get<std::string>(),
                                   .code = j.at("code").get<int>()};
      for (const auto& [backend, kernels] : j.at("lines").items()) {
        if (kernels.is_number()) {
          without_ranges.insert(backend);
          continue;
        }
        for (const auto& [kernel, ranges] : kernels.items()) {
          LineSet& set = porting.count.backends.at(backend).units[kernel];
          for (const int n : parse_ranges(ranges.get<std::string>())) set.insert({file, n});
        }
      }
    }
    for (const std::string& name : without_ranges) {
      porting.count.backends.at(name);
      porting.count.backends.erase(name);
      porting.absent[name] = kNoRanges;
    }
  } catch (const Json::exception& e) {
    throw std::runtime_error(fmt::format("not a porting record: {}", e.what()));
  } catch (const std::logic_error& e) {
    throw std::runtime_error(fmt::format("not a porting record: {}", e.what()));
  }
  return porting;
}

}  // namespace moat
