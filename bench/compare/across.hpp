// SPDX-License-Identifier: Apache-2.0
// One device or backend against others, on the same problems.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare/bootstrap.hpp"
#include "bench/compare/platforms.hpp"
#include "bench/compare/record_set.hpp"

namespace moat {

struct Across {
  // Our kernel on one problem. `speed` is the baseline's time ÷ the device's: above 1 is faster.
  struct Case {
    std::string problem;
    std::string kernel;
    std::vector<std::optional<double>> seconds;  // per device; none if it has no verified result
    std::vector<std::optional<RatioEstimate>> speed;
    std::vector<std::string> reason;  // why there is no speed
  };
  // Geometric mean over problems that both devices solved.
  struct Mean {
    std::string kernel;  // "all": mean of the kernels' means
    std::vector<std::optional<RatioEstimate>> speed;
    std::vector<int> cases;  // problems behind it
    int problems = 0;        // that any device was asked to solve
  };
  std::vector<Platform> devices;
  std::size_t baseline = 0;  // index into devices
  std::vector<Case> cases;
  std::vector<Mean> means;              // the kernels, then all
  std::vector<std::string> notes;       // which records were left out
  std::vector<std::string> unfinished;  // runs that lack cases which they had planned
};

// Of several runs of one device under one set of conditions (platforms.hpp) the samples are taken
// together; what differs in conditions stays apart, and of several builds the newest counts. A
// problem of which a run failed has no speed. A problem whose operands were in the cache on
// one device and in memory on the other has no speed there, nor has one of too few samples.
// `baseline` is a backend, a device's label or a part of one, "" for the first of kBaseline, else
// of the records. Throws UsageError if it names none or several.
Across compare_across(const std::vector<NamedRecord>& records, const std::string& baseline,
                      const BootstrapOptions& options);

}  // namespace moat
