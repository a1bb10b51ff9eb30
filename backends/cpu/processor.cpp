// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/processor.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "backends/cpu/control_group.hpp"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace moat::cpu {

namespace {

// A size such as "260M" or "48K" of sysfs.
std::size_t parse_size(const std::string& text) {
  char* end = nullptr;
  const std::size_t n = std::strtoull(text.c_str(), &end, 10);
  if (*end == 'K') return n << 10;
  if (*end == 'M') return n << 20;
  return n;
}

std::size_t kibibytes_of(const std::string& meminfo, const std::string& key) {
  return std::strtoull(cpuinfo_value(meminfo, key).c_str(), nullptr, 10) << 10;
}

// What the process's own limit on a kind of its memory (ulimit) leaves. `used`: in pages.
std::optional<std::size_t> left_of_limit(int resource, std::size_t used) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const std::size_t bytes = used * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur - std::min<std::size_t>(limit.rlim_cur, bytes);
}

}  // namespace

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string cpuinfo_value(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    if (line.find_first_not_of(" \t", key.size()) != colon) continue;
    const auto value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

#if defined(__aarch64__) && defined(__linux__)
// Headers before Linux 5.6 lack these bits, which are part of its interface.
#ifndef HWCAP2_BF16
#define HWCAP2_SVEI8MM (1 << 9)
#define HWCAP2_SVEBF16 (1 << 12)
#define HWCAP2_I8MM (1 << 13)
#define HWCAP2_BF16 (1 << 14)
#endif

// Linux prints these words by the same bits (Documentation/arch/arm64/elf_hwcaps.rst). The file may
// be another machine's: an emulator that runs a single program shows it the file of its own.
std::string features_here() {
  struct Feature {
    unsigned long type, bit;
    const char* name;
  };
  constexpr Feature kKnown[] = {
      {AT_HWCAP, HWCAP_ASIMD, "asimd"},       {AT_HWCAP, HWCAP_AES, "aes"},
      {AT_HWCAP, HWCAP_PMULL, "pmull"},       {AT_HWCAP, HWCAP_SHA1, "sha1"},
      {AT_HWCAP, HWCAP_SHA2, "sha2"},         {AT_HWCAP, HWCAP_CRC32, "crc32"},
      {AT_HWCAP, HWCAP_ATOMICS, "atomics"},   {AT_HWCAP, HWCAP_FPHP, "fphp"},
      {AT_HWCAP, HWCAP_ASIMDHP, "asimdhp"},   {AT_HWCAP, HWCAP_ASIMDRDM, "asimdrdm"},
      {AT_HWCAP, HWCAP_ASIMDDP, "asimddp"},   {AT_HWCAP, HWCAP_SVE, "sve"},
      {AT_HWCAP2, HWCAP2_SVEBF16, "svebf16"}, {AT_HWCAP2, HWCAP2_SVEI8MM, "svei8mm"},
      {AT_HWCAP2, HWCAP2_I8MM, "i8mm"},       {AT_HWCAP2, HWCAP2_BF16, "bf16"},
  };
  std::string text = "Features\t:";
  for (const auto& [type, bit, name] : kKnown) {
    if ((getauxval(type) & bit) != 0) text.append(1, ' ').append(name);
  }
  return text;
}
#else
std::string features_here() { return read_text("/proc/cpuinfo"); }
#endif

std::string processor_name(const std::string& cpuinfo) {
  for (const char* key : {"model name", "Model"}) {
    if (auto name = cpuinfo_value(cpuinfo, key); !name.empty()) return name;
  }
  const auto part = cpuinfo_value(cpuinfo, "CPU part");
  if (part.empty()) return "unknown processor";
  return fmt::format("Arm implementer {} part {}", cpuinfo_value(cpuinfo, "CPU implementer"), part);
}

std::size_t last_level_cache_bytes() {
  std::size_t bytes = 0;
  for (int index = 0; index < 8; ++index) {
    const auto cache = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    if (read_text(cache + "type").starts_with("Instruction")) continue;
    bytes = std::max(bytes, parse_size(read_text(cache + "size")));
  }
#ifdef _SC_LEVEL3_CACHE_SIZE
  for (const int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE}) {
    bytes = std::max(bytes, static_cast<std::size_t>(std::max(0L, sysconf(name))));
  }
#endif
  return bytes;
}

std::size_t memory_bytes() {
  return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t usable_memory_bytes(const std::string& root) {
  std::size_t bytes = std::min(memory_bytes(), group_limits(root).memory_bytes.value_or(SIZE_MAX));
  for (const int resource : {RLIMIT_AS, RLIMIT_DATA}) {
    bytes = std::min(bytes, left_of_limit(resource, 0).value_or(SIZE_MAX));
  }
  return bytes;
}

std::size_t available_memory_bytes(const std::string& root) {
  std::size_t bytes = kibibytes_of(read_text(root + "/proc/meminfo"), "MemAvailable");
  if (bytes == 0) bytes = memory_bytes();
  bytes = std::min(bytes, group_limits(root).available_bytes.value_or(SIZE_MAX));
  // Pages: all, resident, shared, text, library, data and stack.
  std::array<std::size_t, 6> pages{};
  std::istringstream statm(read_text(root + "/proc/self/statm"));
  for (std::size_t& n : pages) statm >> n;
  bytes = std::min(bytes, left_of_limit(RLIMIT_AS, pages[0]).value_or(SIZE_MAX));
  return std::min(bytes, left_of_limit(RLIMIT_DATA, pages[5]).value_or(SIZE_MAX));
}

bool has_numa_nodes(const std::string& root) {
  // "0", or "0-1" and "0,2"
  return read_text(root + "/sys/devices/system/node/online").find_first_of("-,") !=
         std::string::npos;
}

std::optional<int> max_clock_mhz() {
  const auto khz =
      std::atoi(read_text("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").c_str());
  return khz > 0 ? std::optional(khz / 1000) : std::nullopt;
}

bool user_places_threads() {
  for (const char* name : {"OMP_PLACES", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

std::vector<int> processors_of_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  // A thread that OpenMP placed may run on its own place only, and the others have theirs.
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    for (const int cpu : ids) {
      if (cpu < CPU_SETSIZE) CPU_SET(cpu, &allowed);
    }
  }
  std::set<std::pair<std::string, std::string>> cores;
  std::vector<std::pair<int, int>> found;  // −clock, processor
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const auto folder = fmt::format("/sys/devices/system/cpu/cpu{}/", cpu);
    const std::string core = read_text(folder + "topology/core_id");
    if (core.empty()) return {};
    if (!cores.emplace(read_text(folder + "topology/physical_package_id"), core).second) continue;
    found.emplace_back(-std::atoi(read_text(folder + "cpufreq/cpuinfo_max_freq").c_str()), cpu);
  }
  std::ranges::sort(found);
  std::vector<int> processors;
  for (const auto& [clock, cpu] : found) processors.push_back(cpu);
  return processors;
}

std::vector<int> allowed_processors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::vector<int> processors;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) processors.push_back(cpu);
  }
  return processors;
}

std::vector<int> fixed_processors(int threads) {
  if (user_places_threads()) return {};
  std::vector<int> processors = processors_of_cores();
  if (threads < 1 || static_cast<std::size_t>(threads) >= processors.size()) return {};
  processors.resize(static_cast<std::size_t>(threads));
  return processors;
}

bool keep_on(const std::vector<int>& processors) {
  cpu_set_t kept;
  CPU_ZERO(&kept);
  for (const int cpu : processors) CPU_SET(cpu, &kept);
  return sched_setaffinity(0, sizeof kept, &kept) == 0;
}

int default_threads(const std::string& root) {
  const int most = std::min(omp_get_num_procs(), omp_get_thread_limit());
  const int asked = std::min(omp_get_max_threads(), most);
  const char* set = std::getenv("OMP_NUM_THREADS");
  if (set != nullptr && *set != '\0') return std::max(1, asked);
  const auto cores = static_cast<int>(processors_of_cores().size());
  // Threads that share less time than one processor each are all stopped in turn, in the middle of
  // a sample: a fraction gets no thread.
  const double quota = group_limits(root).processors.value_or(asked);
  return std::max(1, std::min({asked, cores > 0 ? cores : asked,
                               static_cast<int>(std::min<double>(quota, asked))}));
}

}  // namespace moat::cpu
