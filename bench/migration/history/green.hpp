// SPDX-License-Identifier: Apache-2.0
// The first commit at which a command succeeds.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/migration/history/history.hpp"

namespace moat {

struct GreenTrial {
  HistoryCommit commit;
  int exit_code = 0;  // of the command; 128 + the signal's number if one ended it
  bool timed_out = false;
  double seconds = 0;
  bool green() const { return exit_code == 0 && !timed_out; }
};

struct GreenSearch {
  std::size_t candidates = 0;  // commits of the first-parent chain that were searched
  std::vector<GreenTrial> trials;
  std::optional<HistoryCommit> first;  // nothing if the newest commit is not green
  std::string last_output;             // the end of what the failing newest commit printed
};

// Bisects over the first-parent chain of `revision`, from the first commit that has what `since`
// brought, on the assumption that the command succeeds at every commit behind the first success.
// Each trial runs `/bin/sh -c command` in a fresh work tree in a temporary folder, for at most
// `limit`; running late counts as failing. `repository` is only read; submodules, hooks and filters
// are left out. Throws std::runtime_error if a work tree cannot be made.
GreenSearch find_green(const std::filesystem::path& repository, const std::string& revision,
                       const HistoryCommit& since, const std::string& command,
                       std::chrono::milliseconds limit,
                       const std::function<void(std::size_t trials)>& progress);

}  // namespace moat
