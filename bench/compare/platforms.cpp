// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/platforms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "bench/compare/conditions.hpp"
#include "bench/record/provenance.hpp"
#include "bench/run/case_records.hpp"

namespace moat {
namespace {

// The host's name; "" where it tells no machine from another: not read, or made up by a container
// engine for one run (12 hexadecimal digits).
std::string host_of(const Record& record) {
  const std::string name = record.host.name.value.value_or("");
  const bool made_up =
      name.size() == 12 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return made_up ? "" : name;
}

// All that tells a platform from another, most telling first.
Conditions key_of(const Record& record, const DeviceRecord& device) {
  Conditions key = {{"backend", device.backend},
                    {"host", host_of(record)},
                    {"index", std::to_string(device.index)}};
  for (auto& condition : conditions_of(record, device)) key.push_back(std::move(condition));
  key.emplace_back("cache", "cold");
  return key;
}

// Which places share a key.
using Places = std::vector<std::pair<std::size_t, const DeviceRecord*>>;

// Of runs of one device that have a problem in common, but with its operands in the cache in one
// and in memory in another: those with operands in the cache.
std::set<std::size_t> hot_runs(const std::vector<NamedRecord>& records, const Places& places) {
  std::map<std::string, std::set<std::string>> caches;  // of a problem
  const auto each = [&](const auto& visit) {
    for (const auto& [r, device] : places) {
      for (const auto& c : records[r].record.cases) {
        if (c.implementation != kOurs || c.backend != device->backend || c.device != device->index)
          continue;
        visit(r, c);
      }
    }
  };
  each([&](std::size_t, const CaseRecord& c) { caches[c.problem].insert(c.cache); });
  std::set<std::size_t> hot;
  each([&](std::size_t r, const CaseRecord& c) {
    if (c.cache == "hot" && caches[c.problem].size() > 1) hot.insert(r);
  });
  return hot;
}

// What has to be named to tell a key from the others: positions in it. Those in front are
// preferred, as "threads: 1" says more than the number of compute units that follows from it.
std::set<std::size_t> telling(const Conditions& key, std::vector<const Conditions*> others) {
  std::set<std::size_t> named;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto differs = [&](const Conditions* other) {
      return (*other)[i].second != key[i].second;
    };
    if (std::erase_if(others, differs) > 0) named.insert(i);
  }
  return named;
}

std::string label_of(const Conditions& key, const std::set<std::size_t>& named,
                     const std::string& warning) {
  std::string backend;
  std::string device;
  std::string details;
  const auto add = [&](const std::string& text) {
    details += (details.empty() ? "" : ", ") + text;
  };
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto& [name, value] = key[i];
    if (name == "backend") {
      backend = value;
    } else if (name == "device") {
      device = value;
    } else if (named.contains(i)) {
      if (name == "index") {
        backend += ":" + value;
      } else {
        add(fmt::format("{}: {}", name, value.empty() ? "not known" : value));
      }
    }
  }
  // "this build is not optimised (Debug): …"
  if (!warning.empty()) add(warning.substr(0, warning.find(':')));
  return fmt::format("{} {}{}", backend, device, details.empty() ? "" : " (" + details + ")");
}

}  // namespace

Platforms::Platforms(const std::vector<NamedRecord>& records) : places_(records.size()) {
  std::vector<std::pair<Conditions, Places>> keys;
  const auto places_with = [&](const Conditions& key) -> Places& {
    auto at = std::ranges::find(keys, key, &std::pair<Conditions, Places>::first);
    if (at == keys.end()) at = keys.insert(keys.end(), {key, {}});
    return at->second;
  };
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (const auto& d : records[r].record.devices) {
      places_with(key_of(records[r].record, d)).emplace_back(r, &d);
    }
  }
  std::vector<std::pair<Conditions, Places>> apart;
  for (auto& [key, places] : keys) {
    const std::set<std::size_t> hot = hot_runs(records, places);
    Conditions hot_key = key;
    hot_key.back().second = "hot";
    Places of_hot;
    Places others;
    for (const auto& place : places) (hot.contains(place.first) ? of_hot : others).push_back(place);
    if (!others.empty()) apart.emplace_back(key, std::move(others));
    if (!of_hot.empty()) apart.emplace_back(std::move(hot_key), std::move(of_hot));
  }
  std::ranges::stable_sort(apart, {}, [](const auto& a) { return a.second.front().first; });

  for (const auto& [key, places] : apart) {
    const DeviceRecord& device = *places.front().second;
    std::vector<const Conditions*> alike;  // platforms of one backend and device name
    for (const auto& [other, others] : apart) {
      const DeviceRecord& d = *others.front().second;
      if (d.backend == device.backend && d.name == device.name) alike.push_back(&other);
    }
    const std::string warning = build_warning(records[places.front().first].record.build);
    for (const auto& [r, d] : places) places_[r].push_back({d->backend, d->index, all_.size()});
    all_.push_back({.backend = device.backend,
                    .name = device.name,
                    .architecture = device.architecture,
                    .label = label_of(key, telling(key, alike), warning),
                    .warning = warning});
  }
}

std::optional<std::size_t> Platforms::of(std::size_t record, const std::string& backend,
                                         int index) const {
  for (const Place& p : places_[record]) {
    if (p.backend == backend && p.index == index) return p.platform;
  }
  return std::nullopt;
}

}  // namespace moat
