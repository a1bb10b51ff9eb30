// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "bench/record/provenance.hpp"

namespace moat {
namespace {

// The rest of the first line of `path` that begins with `key`, without separators and quotes.
Reading<std::string> line_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  if (!file) return Reading<std::string>::none(fmt::format("{} cannot be read", path));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto begin = line.find_first_not_of("=: \t\"", key.size());
    const auto end = line.find_last_not_of("\" \t");
    if (begin == std::string::npos || end < begin) break;
    return Reading<std::string>::of(line.substr(begin, end - begin + 1));
  }
  return Reading<std::string>::none(fmt::format("{} does not tell it", path));
}

Reading<std::array<double, 3>> load_average() {
  std::array<double, 3> load{};
  if (getloadavg(load.data(), 3) != 3) {
    return Reading<std::array<double, 3>>::none("the system does not tell it");
  }
  return Reading<std::array<double, 3>>::of(load);
}

Reading<std::int64_t> memory() {
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES);
  const std::int64_t page = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page <= 0) return Reading<std::int64_t>::none("the system does not tell it");
  return Reading<std::int64_t>::of(pages * page);
}

}  // namespace

std::string version_text(const Build& build) {
  return fmt::format("{} ({}{})", build.version,
                     build.commit.value ? build.commit.value->substr(0, 12) : "unknown",
                     build.dirty.value.value_or(false) ? ", modified" : "");
}

Host this_host() {
  Host host;
  utsname names{};
  if (uname(&names) == 0) {
    host.name = Reading<std::string>::of(names.nodename);
    host.kernel = Reading<std::string>::of(fmt::format("{} {}", names.sysname, names.release));
  } else {
    host.name = host.kernel = Reading<std::string>::none("uname failed");
  }
  host.os = line_of("/etc/os-release", "PRETTY_NAME");
  host.cpu = line_of("/proc/cpuinfo", "model name");
  host.governor = line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
  host.load_average = load_average();
  host.memory_bytes = memory();
  host.logical_cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return host;
}

std::string utc_time(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace moat
