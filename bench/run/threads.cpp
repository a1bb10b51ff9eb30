// SPDX-License-Identifier: Apache-2.0
#include "bench/run/threads.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <latch>
#include <optional>
#include <string>
#include <vector>

#include "backends/cpu/processor.hpp"
#include "backends/device.hpp"
#include "bench/record/say.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The first of OpenMP's list, which has a number for each level of nested regions.
std::optional<int> threads_of_environment() {
  const std::string text = environment("OMP_NUM_THREADS");
  if (trimmed(text).empty()) return std::nullopt;
  std::optional<int> first;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string one = trimmed(text.substr(begin, end - begin));
    const auto number = plain_number<int>(one);
    if (!number || *number < 1 || *number > kMostThreads) {
      throw UsageError(
          fmt::format("OMP_NUM_THREADS={}: \"{}\" {}", text, one, number_wanted(1, kMostThreads)));
    }
    if (!first) first = number;
    begin = end + 1;
  }
  return first;
}

// Bytes of a stack as OpenMP's variables give it: kibibytes unless a unit follows.
std::optional<std::size_t> stack_bytes() {
  for (const char* name : {"OMP_STACKSIZE", "GOMP_STACKSIZE"}) {
    const std::string text = trimmed(environment(name));
    if (text.empty()) continue;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = plain_number<std::size_t>(text.substr(0, digits));
    const std::string unit = trimmed(text.substr(digits));
    if (!number || unit.size() > 1) continue;
    switch (unit.empty() ? 'K' : unit[0] & ~0x20) {
      case 'B':
        return *number;
      case 'K':
        return *number << 10;
      case 'M':
        return *number << 20;
      case 'G':
        return *number << 30;
      default:
        continue;
    }
  }
  return std::nullopt;
}

extern "C" void* wait_for_end(void* latch) {
  static_cast<std::latch*>(latch)->wait();
  return nullptr;
}

// How many of `wanted` threads with OpenMP's stacks the system lets the process start at once.
// OpenMP's own runtime ends the process where it cannot start one.
int startable(int wanted) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (const auto bytes = stack_bytes()) pthread_attr_setstacksize(&attributes, *bytes);
  std::latch end(1);
  std::vector<pthread_t> started;
  while (static_cast<int>(started.size()) < wanted) {
    pthread_t thread{};
    if (pthread_create(&thread, &attributes, wait_for_end, &end) != 0) break;
    started.push_back(thread);
  }
  end.count_down();
  for (const pthread_t thread : started) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return static_cast<int>(started.size());
}

}  // namespace

int claim_threads(int asked) {
  const int processors = omp_get_num_procs();
  const int limit = omp_get_thread_limit();
  const int most = std::min(processors, limit);
  const std::string why = limit < processors ? fmt::format("OMP_THREAD_LIMIT allows {}", limit)
                                             : fmt::format("this process may run on {} processor{}",
                                                           processors, processors == 1 ? "" : "s");
  if (asked > most) throw UsageError(fmt::format("--threads {}: {}", asked, why));
  if (asked == 0) {
    if (const auto set = threads_of_environment()) {
      asked = std::min(*set, most);
      if (asked < *set) {
        say("note: OMP_NUM_THREADS={}: {}; {} used\n", environment("OMP_NUM_THREADS"), why,
            asked == 1 ? "1 is" : fmt::format("{} are", asked));
      }
    }
  } else if (const auto kept = cpu::fixed_processors(asked); !kept.empty()) {
    // Cores differ in speed for seconds; on the same ones ours and the baselines share their fate.
    // Before the first thread starts: threads keep the processors of the one that started them.
    cpu::keep_on(kept);
  }
  if (asked > 0) {
    // Libraries that bring a runtime of their own read the environment.
    setenv("OMP_NUM_THREADS", std::to_string(asked).c_str(), 1);
    omp_set_num_threads(asked);
  } else {
    omp_set_num_threads(std::min(omp_get_max_threads(), most));
  }
  // Every region has the threads that the record tells.
  omp_set_dynamic(0);
  omp_set_max_active_levels(std::max(1, omp_get_max_active_levels()));

  const int wanted = omp_get_max_threads() - 1;
  if (const int started = startable(wanted); started < wanted) {
    throw DeviceError(fmt::format(
        "the system lets this process start {} of the {} threads that it needs: lower --threads, "
        "or raise the limit (ulimit -u, ulimit -v, OMP_STACKSIZE, the container's pids.max)",
        started, wanted));
  }
  return cpu::default_threads();
}

}  // namespace moat
