#include "bench/port/record.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>

namespace moat {
namespace {

constexpr int kVersion = 2;

constexpr std::array<const char*, 3> kBackends = {"cuda", "hip", "cpu"};

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
          {"layer", to_json(c.layer)},
          {"layer_share", to_json(c.share)}};
}

// A name in a JSON pointer.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

Json to_json(const TestCounts& c) {
  return {{"passed", c.passed}, {"failed", c.failed}, {"skipped", c.skipped}};
}

class Document {
 public:
  explicit Document(const Porting& porting) : porting_(porting) {}

  Json write() {
    document_["schema"] = "moat-porting";
    document_["version"] = kVersion;
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
    std::vector<std::string> names(kBackends.begin(), kBackends.end());
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
    const auto facts = porting_.facts.find(name);
    PortFacts f{.origin = "this build", .commit = {}, .at_commit = {}, .tests = {}};
    if (facts != porting_.facts.end()) f = facts->second;
    j["origin"] = f.origin;
    j["compiler"] = lines->second.compiler;
    j["targets"] = lines->second.targets;
    if (f.commit) {
      j["commit"] = *f.commit;
      j["sources_at_commit"] = f.at_commit.value_or(false);
    } else {
      null(j["commit"], at + "/commit", "the source folder is no git repository");
      null(j["sources_at_commit"], at + "/sources_at_commit", "no commit");
    }
    j["executed"] = f.tests ? f.tests->where() : Execution{}.where();
    if (f.tests) {
      j["tests"] = {{"emulator", to_json(f.tests->emulator)}};
      if (!is_family(name)) j["tests"]["device"] = to_json(f.tests->device);
    } else {
      null(j["tests"], at + "/tests",
           "no test results of these sources (moat port --update --tests)");
    }
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

TestCounts test_counts(const Json& j) {
  return {.passed = j.at("passed").get<int>(),
          .failed = j.at("failed").get<int>(),
          .skipped = j.at("skipped").get<int>()};
}

template <class T>
std::optional<T> optional(const Json& j) {
  return j.is_null() ? std::nullopt : std::optional(j.get<T>());
}

// Compared by --check, and what is not.
constexpr std::array<std::string_view, 7> kOfTheMoment = {
    "origin", "compiler", "commit", "sources_at_commit", "executed", "tests", "null_reasons"};

void compare(const Json& now, const Json& before, const std::string& at,
             std::vector<std::string>& found) {
  if (now.is_object() && before.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : now.items()) keys.insert(key);
    for (const auto& [key, value] : before.items()) keys.insert(key);
    for (const auto& key : keys) {
      if (std::ranges::find(kOfTheMoment, key) != kOfTheMoment.end()) continue;
      compare(now.contains(key) ? now.at(key) : Json(),
              before.contains(key) ? before.at(key) : Json(), fmt::format("{}/{}", at, key), found);
    }
  } else if (now.is_number() && before.is_number()) {
    if (std::abs(now.get<double>() - before.get<double>()) > 1e-9) {
      found.push_back(fmt::format("{}: {}, was {}", at, now.dump(), before.dump()));
    }
  } else if (now != before) {
    const auto text = [](const Json& j) { return j.is_object() ? "{…}" : j.dump(); };
    found.push_back(fmt::format("{}: {}, was {}", at, text(now), text(before)));
  }
}

// Reads a port or a family.
void read_port(const std::string& name, const Json& j, const Json& reasons, Porting& porting) {
  if (j.is_null()) {
    porting.absent[name] = reasons.value(pointer_to(name), "");
    return;
  }
  BackendLines& lines = porting.count.backends[name];
  lines.compiler = j.at("compiler").get<std::string>();
  lines.targets = j.at("targets").get<std::vector<std::string>>();
  PortFacts& facts = porting.facts[name];
  facts.origin = j.at("origin").get<std::string>();
  facts.commit = optional<std::string>(j.at("commit"));
  facts.at_commit = optional<bool>(j.at("sources_at_commit"));
  if (const Json& tests = j.at("tests"); !tests.is_null()) {
    facts.tests = Execution{.device = {}, .emulator = test_counts(tests.at("emulator"))};
    if (!is_family(name)) facts.tests->device = test_counts(tests.at("device"));
  }
}

}  // namespace

std::string pointer_to(std::string_view name) {
  return fmt::format("/{}/{}", is_family(name) ? "families" : "ports", escaped(name));
}

std::string baseline_of(std::string_view name) {
  return is_family(name) ? kBaselineFamily : kBaseline;
}

Json to_json(const Porting& porting) { return Document(porting).write(); }

Porting from_json(const Json& document) {
  Porting porting;
  try {
    const int version = document.at("version").get<int>();
    if (document.at("schema") != "moat-porting" || version < 1 || version > kVersion) {
      throw std::runtime_error(
          fmt::format("/schema, /version: not a porting record of version 1 to {}", kVersion));
    }
    const Json& reasons = document.at("null_reasons");
    for (const auto& [name, j] : document.at("ports").items()) {
      read_port(name, j, reasons, porting);
    }
    if (version > 1) {
      for (const auto& [name, j] : document.at("families").items()) {
        read_port(name, j, reasons, porting);
      }
    }
    for (const auto& [file, j] : document.at("files").items()) {
      porting.count.files[file] = {.blob = j.at("blob").get<std::string>(),
                                   .code = j.at("code").get<int>()};
      for (const auto& [backend, kernels] : j.at("lines").items()) {
        for (const auto& [kernel, ranges] : kernels.items()) {
          LineSet& set = porting.count.backends.at(backend).units[kernel];
          for (const int n : parse_ranges(ranges.get<std::string>())) set.insert({file, n});
        }
      }
    }
  } catch (const Json::exception& e) {
    throw std::runtime_error(fmt::format("not a porting record: {}", e.what()));
  } catch (const std::logic_error& e) {
    throw std::runtime_error(fmt::format("not a porting record: {}", e.what()));
  }
  return porting;
}

std::vector<std::string> changed_sources(const Count& count, const std::string& backend,
                                         const std::filesystem::path& root) {
  std::set<std::string> files;
  for (const auto& [unit, lines] : count.backends.at(backend).units) {
    for (const Line& line : lines) files.insert(line.file);
  }
  std::vector<std::string> changed;
  for (const auto& file : files) {
    std::ifstream in(root / file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in || blob_hash(text) != count.files.at(file).blob) changed.push_back(file);
  }
  return changed;
}

bool differs_by_host(const Count& now, const Count& before, const std::string& backend) {
  const auto a = now.backends.find(backend);
  const auto b = before.backends.find(backend);
  if (a == now.backends.end() || b == before.backends.end()) return false;
  const std::vector<std::string> host = {"host"};
  if (a->second.targets != host || b->second.targets != host) return false;
  if (a->second.units == b->second.units) return false;
  const auto sources = [](const Count& count, const BackendLines& lines) {
    std::map<std::string, std::string> blobs;
    for (const Line& line : lines.all()) blobs[line.file] = count.files.at(line.file).blob;
    return blobs;
  };
  return sources(now, a->second) == sources(before, b->second);
}

Porting merge(const std::optional<Porting>& built, const std::string& no_built,
              const std::optional<Porting>& committed, const std::string& no_committed,
              const std::filesystem::path& root) {
  Porting result;
  std::set<std::string> names(kBackends.begin(), kBackends.end());
  for (const auto* part : {&built, &committed}) {
    if (!*part) continue;
    for (const auto& [name, lines] : (*part)->count.backends) names.insert(name);
  }
  // Takes the backend from `from`, or says why not.
  const auto take = [&](const std::string& name, const std::optional<Porting>& from,
                        const std::string& why_not, const char* origin) -> std::string {
    if (!from) return why_not;
    const auto lines = from->count.backends.find(name);
    if (lines == from->count.backends.end()) {
      auto why = from->absent.find(name);
      if (why == from->absent.end()) why = from->absent.find(backend_of(name));
      return why == from->absent.end() ? fmt::format("{}: it does not count {}", origin, name)
                                       : fmt::format("{}: {}", origin, why->second);
    }
    if (const auto changed = changed_sources(from->count, name, root); !changed.empty()) {
      return fmt::format("{}: counted other sources: {} changed since", origin,
                         fmt::join(changed, ", "));
    }
    result.count.backends[name] = lines->second;
    for (const auto& [unit, set] : lines->second.units) {
      for (const Line& line : set) result.count.files[line.file] = from->count.files.at(line.file);
    }
    PortFacts& facts = result.facts[name];
    if (const auto it = from->facts.find(name); it != from->facts.end()) facts = it->second;
    facts.origin = origin;
    return "";
  };
  for (const auto& name : names) {
    const std::string no = take(name, built, no_built, "this build");
    if (no.empty()) {
      // What the tests proved stands as long as the lines do.
      const auto old = committed ? committed->facts.find(name) : result.facts.end();
      if (committed && old != committed->facts.end() && !result.facts[name].tests &&
          changed_sources(committed->count, name, root).empty()) {
        result.facts[name].tests = old->second.tests;
      }
      continue;
    }
    const std::string neither = take(name, committed, no_committed, "committed record");
    if (!neither.empty()) result.absent[name] = fmt::format("{}; {}", no, neither);
  }
  return result;
}

std::vector<std::string> differences(const Json& now, const Json& before) {
  std::vector<std::string> found;
  compare(now, before, "", found);
  return found;
}

}  // namespace moat
