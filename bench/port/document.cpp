// SPDX-License-Identifier: Apache-2.0
#include "bench/port/document.hpp"

#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>

#include "bench/port/count.hpp"
#include "bench/port/evidence.hpp"
#include "bench/port/git_facts.hpp"
#include "bench/port/line_set.hpp"
#include "bench/port/record.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

// `ranges` is a number of lines, or kernel → line ranges.
int count_of(const Json& ranges) {
  if (ranges.is_number()) return ranges.get<int>();
  std::set<int> lines;
  for (const auto& [kernel, text] : ranges.items())
    lines.merge(parse_ranges(text.get<std::string>()));
  return static_cast<int>(lines.size());
}

Json to_json(const TestCounts& c) {
  return {{"passed", c.passed}, {"failed", c.failed}, {"skipped", c.skipped}};
}

void add(Execution& sum, const Execution& more) {
  for (const auto& [rung, counts] : more.tests) sum.tests[rung] += counts;
  for (const auto& [architecture, passed] : more.interpreted) {
    sum.interpreted[architecture].insert(passed.begin(), passed.end());
  }
}

// A backend is proved as its families are, those that were counted with it; a family that is not
// built proves nothing about it.
std::map<std::string, Execution> executions(const Json& document, const TestEvidence& evidence) {
  std::map<std::string, Execution> found;
  for (const std::string& name : port_names(document)) {
    const Json& port = port_in(document, name);
    if (port.is_null()) continue;
    if (!is_family(name)) {
      if (const auto it = evidence.ports.find(name); it != evidence.ports.end()) {
        add(found[name], it->second);
      }
      continue;
    }
    const std::string backend = backend_of(name);
    const auto it = evidence.families.find(name);
    if (it == evidence.families.end()) continue;
    add(found[name], it->second);
    const Json& whole = port_in(document, backend);
    if (!whole.is_null() && whole.at("origin") == port.at("origin")) {
      add(found[backend], it->second);
    }
  }
  return found;
}

constexpr const char* member_of(bool family) { return family ? "families" : "ports"; }

}  // namespace

std::vector<std::string> port_names(const Json& document) {
  std::vector<std::string> names;
  for (const bool family : {false, true}) {
    for (const auto& [name, port] : document.at(member_of(family)).items()) names.push_back(name);
  }
  return names;
}

const Json& port_in(const Json& document, const std::string& name) {
  static const Json none;
  const Json& members = document.at(member_of(is_family(name)));
  const auto port = members.find(name);
  return port == members.end() ? none : *port;
}

Json& port_in(Json& document, const std::string& name) {
  return document.at(member_of(is_family(name))).at(name);
}

std::map<std::string, int> lines_by_file(const Json& document, const std::string& name) {
  std::map<std::string, int> counts;
  for (const auto& [file, facts] : document.at("files").items()) {
    const Json& lines = facts.at("lines");
    if (const auto it = lines.find(name); it != lines.end()) counts[file] = count_of(*it);
  }
  return counts;
}

std::vector<std::string> changed_sources(const Json& document, const std::string& name,
                                         const fs::path& root) {
  std::vector<std::string> changed;
  for (const auto& [file, count] : lines_by_file(document, name)) {
    std::ifstream in(root / file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in || blob_hash(text) != document.at("files").at(file).at("blob")) changed.push_back(file);
  }
  return changed;
}

Json without_line_ranges(Json document) {
  for (auto& [file, facts] : document.at("files").items()) {
    for (auto& [name, ranges] : facts.at("lines").items()) ranges = count_of(ranges);
  }
  return document;
}

Json porting_sums(const Json& document) {
  Json sums = {{"schema", "moat-porting-sums"},
               {"version", kPortingSumsVersion},
               {"document", blob_hash(dump_strict(document))},
               {"baseline", document.at("baseline")},
               {"baseline_family", document.at("baseline_family")},
               {"ports", Json::object()},
               {"families", Json::object()},
               {"divergence", Json::object()},
               {"null_reasons", Json::object()}};
  for (const std::string& name : port_names(document)) {
    const Json& port = port_in(document, name);
    Json& sum = sums[member_of(is_family(name))][name];
    if (port.is_null()) continue;
    for (const char* key : {"origin", "targets", "executed", "tests", "lines"}) {
      sum[key] = port.at(key);
    }
    const Json& kernels = port.at("kernels");
    sum["kernels"] = nullptr;
    if (kernels.is_null()) continue;
    const Json& all = kernels.at(kAll);
    for (const char* part : {"total", "kernel", "problem", "layer"}) {
      sum["kernels"][kAll][part] = all.at(part);
    }
  }
  for (const auto& [kernel, d] : document.at("divergence").items()) {
    sums["divergence"][kernel]["mean"] = d.at("mean");
  }
  for (const auto& [pointer, reason] : document.at("null_reasons").items()) {
    const Json::json_pointer place(pointer);
    if (sums.contains(place)) sums["null_reasons"][pointer] = reason;
  }
  return sums;
}

void add_commit(Json& document, const fs::path& root) {
  for (const std::string& name : port_names(document)) {
    Json& port = port_in(document, name);
    if (port.is_null() || port.at("origin") != kThisBuild) continue;
    std::map<std::string, SourceFile> files;
    for (const auto& [file, count] : lines_by_file(document, name)) {
      files[file].blob = document.at("files").at(file).at("blob").get<std::string>();
    }
    const auto commit = commit_facts(root, files);
    if (!commit) continue;
    port["commit"] = commit->commit;
    port["sources_at_commit"] = commit->at_commit;
    for (const char* key : {"/commit", "/sources_at_commit"}) {
      document["null_reasons"].erase(pointer_to(name) + key);
    }
  }
}

void add_tests(Json& document, const fs::path& junit, const fs::path& root) {
  const TestEvidence evidence = read_junit(junit);
  // The file is written at the end: what changed since the first test was not tested.
  const auto began =
      fs::last_write_time(junit) - std::chrono::duration_cast<fs::file_time_type::duration>(
                                       std::chrono::duration<double>(evidence.seconds));
  for (const auto& [name, execution] : executions(document, evidence)) {
    Json& port = port_in(document, name);
    if (port.is_null()) continue;
    for (const auto& [file, count] : lines_by_file(document, name)) {
      if (fs::last_write_time(root / file) > began) {
        throw std::runtime_error(
            fmt::format("{} is newer than the tests of {}: run them again (ctest --output-junit)",
                        file, junit.string()));
      }
    }
    port["executed"] = executed_text(backend_of(name), execution.proved());
    port["tests"] = Json::object();
    for (const auto& [rung, counts] : execution.tests)
      port["tests"][key_of(rung)] = to_json(counts);
    document["null_reasons"].erase(pointer_to(name) + "/tests");
  }
}

}  // namespace moat
