// SPDX-License-Identifier: Apache-2.0
#include "bench/port/merge.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "bench/port/compare.hpp"
#include "bench/port/count.hpp"
#include "bench/port/document.hpp"
#include "bench/port/record.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

// Facts of the machine and the moment.
constexpr std::array<std::string_view, 6> kOfTheMoment = {
    "origin", "compiler", "commit", "sources_at_commit", "executed", "tests"};

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

const Json* find_pair(const Json& document, const std::string& kernel, const std::string& a,
                      const std::string& b) {
  const auto of_kernel = document.at("divergence").find(kernel);
  if (of_kernel == document.at("divergence").end()) return nullptr;
  for (const Json& pair : of_kernel->at("pairs")) {
    if (pair.at("a") == a && pair.at("b") == b) return &pair;
  }
  return nullptr;
}

class Merger {
 public:
  Merger(const MaybeDocument& built, const MaybeDocument& committed, const fs::path& root)
      : built_(built), committed_(committed), root_(root) {}

  Json merge() {
    result_ = {{"schema", "moat-porting"},      {"version", kPortingVersion},
               {"baseline", kBaseline},         {"baseline_family", kBaselineFamily},
               {"ports", Json::object()},       {"families", Json::object()},
               {"divergence", Json::object()},  {"files", Json::object()},
               {"null_reasons", Json::object()}};
    for (const std::string& name : names()) take(name);
    for (const auto& [file, facts] : files_) result_["files"][file] = facts;
    divergence();
    return std::move(result_);
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> ports = port_backends();
    std::set<std::string> families;
    for (const auto* from : {&built_, &committed_}) {
      if (!from->document) continue;
      for (const std::string& name : port_names(*from->document)) {
        if (is_family(name)) {
          families.insert(name);
        } else if (std::ranges::find(ports, name) == ports.end()) {
          ports.push_back(name);
        }
      }
    }
    ports.insert(ports.end(), families.begin(), families.end());
    return ports;
  }

  // Why the port cannot be taken from a document; empty if it can.
  std::string obstacle(const std::string& name, const MaybeDocument& from,
                       const char* origin) const {
    if (!from.document) return from.why_not;
    const Json& document = *from.document;
    if (port_in(document, name).is_null()) {
      const Json& reasons = document.at("null_reasons");
      for (const std::string& of : {name, backend_of(name)}) {
        if (const auto why = reasons.find(pointer_to(of)); why != reasons.end()) {
          return fmt::format("{}: {}", origin, why->get<std::string>());
        }
      }
      return fmt::format("{}: it does not count {}", origin, name);
    }
    if (const auto changed = changed_sources(document, name, root_); !changed.empty()) {
      constexpr std::size_t kNamed = 3;
      const std::size_t named = std::min(changed.size(), kNamed);
      return fmt::format(
          "{}: counted other sources: {}{} changed since", origin,
          fmt::join(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(named), ", "),
          changed.size() > named ? fmt::format(" and {} more", changed.size() - named) : "");
    }
    return "";
  }

  // Why the committed numbers of a port do not hold here; empty if they do.
  std::string committed_obstacle(const std::string& name) const {
    if (auto why = obstacle(name, committed_, kCommitted); !why.empty()) return why;
    const std::string against = baseline_of(name);
    if (const auto why = obstacle(against, committed_, kCommitted); !why.empty()) {
      return fmt::format("its numbers are relative to {}: {}", against, why);
    }
    if (!built_.document) return "";
    for (const std::string& counted : {name, against}) {
      if (port_in(*built_.document, counted).is_null() ||
          differs_by_host(*built_.document, *committed_.document, counted)) {
        continue;
      }
      if (lines_by_file(*built_.document, counted) !=
          lines_by_file(*committed_.document, counted)) {
        return fmt::format("{}: this build counts other lines of {}", kCommitted, counted);
      }
    }
    return "";
  }

  void take(const std::string& name) {
    const std::string no_built = obstacle(name, built_, kThisBuild);
    const bool compared =
        no_built.empty() && !port_in(*built_.document, name).at("kernels").is_null();
    if (compared) return take_from(name, *built_.document, kThisBuild);
    const std::string no_committed = committed_obstacle(name);
    if (no_committed.empty()) return take_from(name, *committed_.document, kCommitted);
    // Counted, but there is nothing to compare it with.
    if (no_built.empty()) return take_from(name, *built_.document, kThisBuild);
    result_[is_family(name) ? "families" : "ports"][name] = nullptr;
    result_["null_reasons"][pointer_to(name)] = fmt::format("{}; {}", no_built, no_committed);
  }

  void take_from(const std::string& name, const Json& document, const char* origin) {
    Json& port = result_[is_family(name) ? "families" : "ports"][name] = port_in(document, name);
    port["origin"] = origin;
    const std::string at = pointer_to(name) + "/";
    for (const auto& [pointer, reason] : document.at("null_reasons").items()) {
      if (pointer.starts_with(at)) result_["null_reasons"][pointer] = reason;
    }
    for (const auto& [file, count] : lines_by_file(document, name)) {
      const Json& facts = document.at("files").at(file);
      Json& kept = files_[file];
      kept["blob"] = facts.at("blob");
      kept["code"] = facts.at("code");
      kept["lines"][name] = facts.at("lines").at(name);
    }
    if (port.at("tests").is_null() && committed_.document) take_tests(name, port);
    (origin == kThisBuild ? from_build_ : from_committed_).insert(name);
  }

  // What the tests proved stands as long as the lines do.
  void take_tests(const std::string& name, Json& port) {
    const Json& old = port_in(*committed_.document, name);
    if (old.is_null() || old.at("tests").is_null()) return;
    if (!changed_sources(*committed_.document, name, root_).empty()) return;
    port["executed"] = old.at("executed");
    port["tests"] = old.at("tests");
    result_["null_reasons"].erase(pointer_to(name) + "/tests");
  }

  // The distance of two ports, from the document that counted both.
  const Json* pair(const std::string& kernel, const std::string& a, const std::string& b) const {
    if (from_build_.contains(a) && from_build_.contains(b)) {
      return find_pair(*built_.document, kernel, a, b);
    }
    for (const std::string& name : {a, b}) {
      if (!from_committed_.contains(name) && !committed_obstacle(name).empty()) return nullptr;
    }
    return committed_.document ? find_pair(*committed_.document, kernel, a, b) : nullptr;
  }

  void divergence() {
    std::set<std::string> kernels;
    for (const auto* from : {&built_, &committed_}) {
      if (!from->document) continue;
      for (const auto& [kernel, pairs] : from->document->at("divergence").items()) {
        kernels.insert(kernel);
      }
    }
    std::set<std::string> ports;
    for (const auto* from : {&from_build_, &from_committed_}) {
      for (const std::string& name : *from) {
        if (!is_family(name)) ports.insert(name);
      }
    }
    for (const std::string& kernel : kernels) {
      Json pairs = Json::array();
      double sum = 0;
      for (auto a = ports.begin(); a != ports.end(); ++a) {
        for (auto b = std::next(a); b != ports.end(); ++b) {
          if (const Json* found = pair(kernel, *a, *b)) {
            pairs.push_back(*found);
            sum += found->at("distance").get<double>();
          }
        }
      }
      Json mean;
      if (pairs.empty()) {
        result_["null_reasons"]["/divergence/" + kernel + "/mean"] = "fewer than two backends";
      } else {
        mean = sum / static_cast<double>(pairs.size());
      }
      result_["divergence"][kernel] = {{"pairs", std::move(pairs)}, {"mean", std::move(mean)}};
    }
  }

  const MaybeDocument& built_;
  const MaybeDocument& committed_;
  const fs::path& root_;
  Json result_;
  std::map<std::string, Json> files_;
  std::set<std::string> from_build_;
  std::set<std::string> from_committed_;
};

}  // namespace

Json merge(const MaybeDocument& built, const MaybeDocument& committed, const fs::path& root) {
  return Merger(built, committed, root).merge();
}

bool differs_by_host(const Json& now, const Json& before, const std::string& name) {
  const Json host = {"host"};
  for (const Json* document : {&now, &before}) {
    const Json& port = port_in(*document, name);
    if (port.is_null() || port.at("targets") != host) return false;
  }
  const auto lines = lines_by_file(now, name);
  const auto lines_before = lines_by_file(before, name);
  const Json& kernels = port_in(now, name).at("kernels");
  const Json& kernels_before = port_in(before, name).at("kernels");
  const bool same_numbers =
      kernels.is_null() || kernels_before.is_null() || kernels == kernels_before;
  if (lines.size() != lines_before.size() || (lines == lines_before && same_numbers)) return false;
  return std::ranges::all_of(lines, [&](const auto& of_file) {
    const std::string& file = of_file.first;
    return lines_before.contains(file) &&
           now.at("files").at(file).at("blob") == before.at("files").at(file).at("blob");
  });
}

std::vector<std::string> differences(const Json& fresh, const Json& committed,
                                     const fs::path& root) {
  std::vector<std::string> found;
  for (const auto& [file, facts] : committed.at("files").items()) {
    std::ifstream in(root / file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const Json now = in ? Json(blob_hash(text)) : Json();
    if (now != facts.at("blob")) {
      found.push_back(
          fmt::format("/files/{}/blob: {}, was {}", file, now.dump(), facts.at("blob").dump()));
    }
  }
  std::set<std::string> compared;
  for (const std::string& name : port_names(fresh)) {
    const Json& now = port_in(fresh, name);
    const Json& before = port_in(committed, name);
    if (now.is_null() || differs_by_host(fresh, committed, name)) continue;
    compared.insert(name);
    const std::string at = fmt::format("/{}/{}", is_family(name) ? "families" : "ports", name);
    if (before.is_null()) {
      found.push_back(fmt::format("{}: counted, was null", at));
      continue;
    }
    Json before_comparable = before;
    // Without its baseline a port has no numbers to compare.
    if (now.at("kernels").is_null()) before_comparable["kernels"] = nullptr;
    compare(now, before_comparable, at, found);
    const auto lines = lines_by_file(fresh, name);
    const auto lines_before = lines_by_file(committed, name);
    for (const auto& [file, count] : lines) {
      const auto old = lines_before.find(file);
      if (old == lines_before.end() || old->second != count) {
        found.push_back(fmt::format("/files/{}/lines/{}: {}, was {}", file, name, count,
                                    old == lines_before.end() ? 0 : old->second));
      }
    }
    for (const auto& [file, count] : lines_before) {
      if (!lines.contains(file)) {
        found.push_back(fmt::format("/files/{}/lines/{}: 0, was {}", file, name, count));
      }
    }
  }
  for (const auto& [kernel, of_kernel] : fresh.at("divergence").items()) {
    for (const Json& pair : of_kernel.at("pairs")) {
      const auto a = pair.at("a").get<std::string>();
      const auto b = pair.at("b").get<std::string>();
      if (!compared.contains(a) || !compared.contains(b)) continue;
      const Json* before = find_pair(committed, kernel, a, b);
      compare(pair, before == nullptr ? Json() : *before,
              fmt::format("/divergence/{}/{}, {}", kernel, a, b), found);
    }
  }
  return found;
}

}  // namespace moat
