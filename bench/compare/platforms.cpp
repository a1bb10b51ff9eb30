// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/platforms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
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

bool ran_on(const CaseRecord& c, const DeviceRecord& device) {
  return c.backend == device.backend && c.device == device.index;
}

// Problems of ours that ran with operands in the cache and with operands in memory.
std::set<std::string> hot_problems_of(const std::vector<NamedRecord>& records,
                                      const Places& places) {
  std::map<std::string, std::set<std::string>> caches;  // of a problem
  for (const auto& [r, device] : places) {
    for (const auto& c : records[r].record.cases) {
      if (c.implementation == kOurs && ran_on(c, *device)) caches[c.problem].insert(c.cache);
    }
  }
  std::set<std::string> problems;
  for (const auto& [problem, of] : caches) {
    if (of.size() > 1) problems.insert(problem);
  }
  return problems;
}

bool is_apart(const CaseRecord& c, const std::set<std::string>& hot_problems) {
  return c.cache == "hot" && hot_problems.contains(c.problem);
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

std::set<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// What is named of long values, such as compiler flags: the words that not all of `alike` have, as
// far as that still tells them apart.
std::string telling_words(const Conditions& key, std::size_t i,
                          const std::vector<const Conditions*>& alike) {
  std::set<std::string> common = words_of(key[i].second);
  for (const Conditions* other : alike) {
    const auto theirs = words_of((*other)[i].second);
    std::erase_if(common, [&](const std::string& w) { return !theirs.contains(w); });
  }
  const auto own = [&](const Conditions& of) {
    std::istringstream stream(of[i].second);
    std::string text;
    for (std::string w; stream >> w;) {
      if (!common.contains(w)) text += (text.empty() ? "" : " ") + w;
    }
    return text;
  };
  const std::string text = own(key);
  const bool tells = !text.empty() && std::ranges::all_of(alike, [&](const Conditions* other) {
    return (*other)[i].second == key[i].second || own(*other) != text;
  });
  return tells ? text : key[i].second;
}

// "0123456789ab, GNU 12.2.0", "0123456789ab (modified), GNU 12.2.0, program 0123456789abcdef"
std::string in_words(const Conditions& build) {
  std::string text;
  for (const auto& [name, value] : build) {
    if (name == "tree") {
      if (value != "clean")
        text += fmt::format(" ({})", value == "modified" ? value : "tree unknown");
    } else if (name == "program") {
      // The commit of a clean tree tells it.
      if (value != "unknown") text += ", program " + value;
    } else {
      text += (text.empty() ? "" : ", ") + value;
    }
  }
  return text;
}

std::string label_of(const Conditions& key, const std::vector<const Conditions*>& alike,
                     const std::string& warning) {
  const std::set<std::size_t> named = telling(key, alike);
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
        const bool is_long = name == "compiler flags";
        const std::string shown = is_long ? telling_words(key, i, alike) : value;
        add(fmt::format("{}: {}", name, shown.empty() ? "not known" : shown));
      }
    }
  }
  // "this build is not optimised (Debug): …"
  if (!warning.empty()) add(warning.substr(0, warning.find(':')));
  return fmt::format("{} {}{}", backend, device, details.empty() ? "" : " (" + details + ")");
}

}  // namespace

Platforms::Platforms(const std::vector<NamedRecord>& records) : places_(records.size()) {
  for (const auto& r : records) builds_.push_back(build_of(r.record));
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
  struct Apart {
    Conditions key;
    Places places;
    std::set<std::string> hot_problems;
  };
  std::vector<Apart> apart;
  for (auto& [key, places] : keys) {
    const std::set<std::string> hot_problems = hot_problems_of(records, places);
    Conditions hot_key = key;
    hot_key.back().second = "hot";
    Places of_hot;
    Places others;
    for (const auto& [r, device] : places) {
      std::size_t hot = 0;
      std::size_t all = 0;
      for (const auto& c : records[r].record.cases) {
        if (!ran_on(c, *device)) continue;
        ++all;
        hot += is_apart(c, hot_problems) ? 1 : 0;
      }
      if (hot > 0) of_hot.emplace_back(r, device);
      if (hot == 0 || hot < all) others.emplace_back(r, device);
    }
    if (!others.empty()) apart.push_back({key, std::move(others), hot_problems});
    if (!of_hot.empty()) apart.push_back({std::move(hot_key), std::move(of_hot), hot_problems});
  }
  std::ranges::stable_sort(apart, {}, [](const Apart& a) { return a.places.front().first; });

  std::map<std::string, std::size_t> devices;
  for (const auto& [key, places, hot_problems] : apart) {
    const DeviceRecord& device = *places.front().second;
    const std::string identity =
        fmt::format("{} {}\n{}\n{}", device.backend, device.index, device.name,
                    host_of(records[places.front().first].record));
    std::vector<const Conditions*> alike;  // platforms of one backend and device name
    for (const auto& [other, others, _] : apart) {
      const DeviceRecord& d = *others.front().second;
      if (d.backend == device.backend && d.name == device.name) alike.push_back(&other);
    }
    const std::string warning = build_warning(records[places.front().first].record.build);
    const bool hot = key.back().second == "hot";
    for (const auto& [r, d] : places) {
      places_[r].push_back({.backend = d->backend,
                            .index = d->index,
                            .platform = all_.size(),
                            .hot = hot,
                            .hot_problems = hot_problems});
    }
    all_.push_back({.backend = device.backend,
                    .name = device.name,
                    .architecture = device.architecture,
                    .label = label_of(key, alike, warning),
                    .device = devices.try_emplace(identity, devices.size()).first->second,
                    .warning = warning,
                    .build = build_of(records[places.back().first].record)});
  }
}

std::optional<std::size_t> Platforms::of(std::size_t record, const CaseRecord& c) const {
  for (const Place& p : places_[record]) {
    if (p.backend != c.backend || p.index != c.device) continue;
    if (p.hot == is_apart(c, p.hot_problems)) return p.platform;
  }
  return std::nullopt;
}

std::vector<std::size_t> Platforms::of(std::size_t record, const std::string& backend,
                                       int index) const {
  std::vector<std::size_t> found;
  for (const Place& p : places_[record]) {
    if (p.backend == backend && p.index == index) found.push_back(p.platform);
  }
  return found;
}

std::vector<std::string> Platforms::left_out() const {
  std::vector<std::string> notes;
  for (std::size_t platform = 0; platform < all_.size(); ++platform) {
    int records = 0;
    std::vector<std::string> builds;
    for (std::size_t r = 0; r < places_.size(); ++r) {
      const bool there =
          std::ranges::find(places_[r], platform, &Place::platform) != places_[r].end();
      if (!there || is_current(r, platform)) continue;
      ++records;
      const std::string build = in_words(builds_[r]);
      if (std::ranges::find(builds, build) == builds.end()) builds.push_back(build);
    }
    if (records == 0) continue;
    notes.push_back(fmt::format(
        "{}: {} record{} of other builds left out ({}); the newest is of {}", all_[platform].label,
        records, records == 1 ? "" : "s", fmt::join(builds, "; "), in_words(all_[platform].build)));
  }
  return notes;
}

}  // namespace moat
