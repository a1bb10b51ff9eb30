// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/control_group.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <vector>

#include "backends/cpu/processor.hpp"

namespace moat::cpu {
namespace {

// A hierarchy of groups as it is mounted: version 2 has one of all controllers, version 1 several.
struct Mount {
  std::string root;   // the group that the mount point shows
  std::string point;  // where
  std::string controllers;
  bool unified = false;
};

// mountinfo writes blanks and backslashes of paths as three octal digits.
std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::vector<Mount> mounts(const std::string& root) {
  std::vector<Mount> found;
  std::istringstream lines(read_text(root + "/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left(line);
    std::istringstream right(line.substr(dash + 3));
    std::string skipped;
    std::string type;
    Mount mount;
    left >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    right >> type >> skipped >> mount.controllers;
    if (type != "cgroup" && type != "cgroup2") continue;
    mount.unified = type == "cgroup2";
    mount.root = unescaped(mount.root);
    mount.point = unescaped(mount.point);
    found.push_back(std::move(mount));
  }
  // Where the mounts are hidden the usual place may still be there.
  if (found.empty()) found.push_back({"/", "/sys/fs/cgroup", "", true});
  return found;
}

bool listed(const std::string& list, const std::string& name) {
  return ("," + list + ",").find("," + name + ",") != std::string::npos;
}

// The process's group in the hierarchy of a controller; of version 2 if `controller` is empty.
std::optional<std::string> group_of(const std::string& cgroup, const std::string& controller) {
  std::istringstream lines(cgroup);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : listed(controllers, controller)) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

// The part of the mount's root that paths of groups begin with.
std::string prefix_of(const Mount& mount) { return mount.root == "/" ? "" : mount.root; }

// Whether the mount shows the group: not if that lies outside of it ("/../x").
bool shows(const Mount& mount, const std::string& group) {
  return (group + "/").starts_with(prefix_of(mount) + "/") &&
         (group + "/").find("/../") == std::string::npos;
}

// The folders of the process's group and of those around it, as far as the mount shows them; of a
// group outside of it the mount point.
std::vector<std::string> folders(const std::string& root, const Mount& mount,
                                 const std::string& group) {
  std::string inner;
  if (shows(mount, group)) inner = group.substr(prefix_of(mount).size());
  while (inner.ends_with('/')) inner.pop_back();
  std::vector<std::string> found;
  for (;;) {
    found.push_back(root + mount.point + inner);
    if (inner.empty()) return found;
    inner.erase(inner.rfind('/'));
  }
}

std::optional<std::size_t> bytes_of(const std::string& text) {
  // Version 2 says "max"; version 1 the largest multiple of a page.
  constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 60;
  std::istringstream number(text);
  std::uint64_t bytes = 0;
  if (!(number >> bytes) || bytes >= kUnlimited) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

// A line "name number" of memory.stat.
std::size_t stat_of(const std::string& stat, const std::string& name) {
  std::istringstream lines(stat);
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key >> value) {
    if (key == name) return static_cast<std::size_t>(value);
  }
  return 0;
}

template <class T>
void lower(std::optional<T>& limit, T value) {
  limit = std::min(limit.value_or(value), value);
}

// File names of a version.
struct MemoryFiles {
  std::array<const char*, 2> limits;
  const char* used;
  const char* cache;  // of memory.stat: what the system takes back when memory is short
};
constexpr MemoryFiles kUnified = {
    {"/memory.max", "/memory.high"}, "/memory.current", "inactive_file"};
constexpr MemoryFiles kLegacy = {{"/memory.limit_in_bytes", "/memory.limit_in_bytes"},
                                 "/memory.usage_in_bytes",
                                 "total_inactive_file"};

void lower_memory(GroupLimits& limits, const std::string& folder, const MemoryFiles& files) {
  std::optional<std::size_t> limit;
  for (const char* name : files.limits) {
    if (const auto bytes = bytes_of(read_text(folder + name))) lower(limit, *bytes);
  }
  if (!limit) return;
  lower(limits.memory_bytes, *limit);
  const std::size_t used = bytes_of(read_text(folder + files.used)).value_or(0);
  const std::size_t cache = stat_of(read_text(folder + "/memory.stat"), files.cache);
  lower(limits.available_bytes, *limit - std::min(*limit, used - std::min(used, cache)));
}

void lower_processors(GroupLimits& limits, const std::string& folder, bool unified) {
  double quota = 0;
  double period = 0;
  std::istringstream text(unified ? read_text(folder + "/cpu.max")
                                  : read_text(folder + "/cpu.cfs_quota_us") + " " +
                                        read_text(folder + "/cpu.cfs_period_us"));
  // Without a limit: "max", or −1.
  if (!(text >> quota >> period) || quota <= 0 || period <= 0) return;
  lower(limits.processors, quota / period);
}

}  // namespace

GroupLimits group_limits(const std::string& root) {
  GroupLimits limits;
  const std::string cgroup = read_text(root + "/proc/self/cgroup");
  const std::vector<Mount> all = mounts(root);
  for (const char* controller : {"memory", "cpu"}) {
    const auto group_in = [&](const Mount& mount) {
      return group_of(cgroup, mount.unified ? "" : controller).value_or("/");
    };
    const auto has = [&](const Mount& mount) {
      return mount.unified || listed(mount.controllers, controller);
    };
    for (const Mount& mount : all) {
      if (!has(mount)) continue;
      const std::string group = group_in(mount);
      // A mount of other groups says nothing where another shows the process's own.
      const bool shown = std::ranges::any_of(all, [&](const Mount& m) {
        return m.unified == mount.unified && has(m) && shows(m, group);
      });
      if (shown && !shows(mount, group)) continue;
      for (const std::string& folder : folders(root, mount, group)) {
        if (std::string(controller) == "cpu") {
          lower_processors(limits, folder, mount.unified);
        } else {
          lower_memory(limits, folder, mount.unified ? kUnified : kLegacy);
        }
      }
    }
  }
  return limits;
}

}  // namespace moat::cpu
