// SPDX-License-Identifier: Apache-2.0
#include "bench/run/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/run/usage_error.hpp"

namespace moat {

bool on_the_cpu(const RunOptions& options) {
  const auto names_cpu = [](const std::string& name) { return name.starts_with("cpu"); };
  return (options.backends.empty() || std::ranges::any_of(options.backends, names_cpu)) &&
         (options.devices.empty() || std::ranges::any_of(options.devices, names_cpu));
}

void require_consistent_options(const RunOptions& options, const GoogleBenchmarkFlags& flags) {
  if (!options.turns && options.samples && *options.samples < options.min_samples) {
    throw UsageError(fmt::format("--samples {} allows fewer samples than --min-samples {} asks for",
                                 *options.samples, options.min_samples));
  }
  for (const auto& [given, name] : {std::pair{!options.plugins.empty(), "--plugin"},
                                    std::pair{!options.commands.empty(), "--command"}}) {
    if (given && (options.ab || options.turns)) {
      throw UsageError(
          fmt::format("{} does not go with --ab: the other build may not know it", name));
    }
  }
  if (!options.resume) return;
  if (options.tuned) {
    throw UsageError("--resume does not go with --tuned: the record does not hold what FILE held");
  }
  const char* why = nullptr;
  if (options.ab || options.turns) {
    why = "does not go with --ab";
  } else if (!options.out || options.out->extension() != ".json") {
    why = "needs --out FILE.json";
  } else if (!flags.out().empty()) {
    why = "does not go with --benchmark_out, which is of one run";
  }
  if (why != nullptr) throw UsageError(fmt::format("--resume {}", why));
}

}  // namespace moat
