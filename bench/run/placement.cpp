// SPDX-License-Identifier: Apache-2.0
#include "bench/run/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>

#include "backends/cpu/processor.hpp"

namespace moat {

bool set_placement(int threads) {
  if (cpu::user_places_threads()) return false;
  std::vector<int> cores = cpu::processors_of_cores();
  const auto wanted = static_cast<std::size_t>(threads > 0 ? threads : cpu::default_threads());
  if (cores.size() < 2 || wanted > cores.size()) return false;
  // Under a quota, or as many as OMP_NUM_THREADS says: all who have the same would meet on the
  // first.
  if (threads == 0 && wanted < cores.size()) return false;
  std::string places = "cores";
  if (wanted < cores.size()) {
    cores.resize(wanted);
    places = fmt::format("{{{}}}", fmt::join(cores, "},{"));
  }
  return setenv("OMP_PLACES", places.c_str(), 1) == 0 && setenv("OMP_PROC_BIND", "close", 1) == 0;
}

void start_again_placed(int threads, const std::vector<std::string>& arguments) {
  if (!set_placement(threads)) return;
  std::vector<std::string> own = arguments;
  std::vector<char*> argv;
  argv.reserve(own.size() + 1);
  for (auto& a : own) argv.push_back(a.data());
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  unsetenv("OMP_PLACES");
  unsetenv("OMP_PROC_BIND");
}

}  // namespace moat
