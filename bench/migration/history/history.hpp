// SPDX-License-Identifier: Apache-2.0
// What a repository's history says about the effort behind some of its paths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moat {

struct HistoryCommit {
  std::string id;
  std::int64_t time = 0;  // author's, seconds since 1970
  int offset = 0;         // author's time zone, minutes east of UTC
};

// Commits are those that change a file below the paths, merges aside: what a merge brings was
// counted where it was written. Lines are physical lines of text files, comments included.
struct PathHistory {
  std::vector<HistoryCommit> commits;  // oldest first by the author's time
  int merges = 0;                      // merge commits that were passed over, of any path
  int authors = 0;                     // different e-mail addresses
  int active_days = 0;                 // different days, in the author's time zone, with a commit
  std::int64_t added = 0;              // lines, summed over the commits; a moved file adds none
  std::int64_t removed = 0;
  std::int64_t surviving = 0;  // lines of the files below the paths in `revision`
  // Why the history says nothing about effort: one commit, or a shallow clone (of which only the
  // newest commit is given, and nothing is counted).
  std::string not_measurable;

  std::int64_t churn() const { return added + removed; }
  // Churn ÷ surviving lines: 1 if every line was written once and stayed. Nothing if no line did.
  std::optional<double> rework() const;
  // From the first commit to the last.
  double days() const;
};

// The history behind `revision`. All files if `paths` is empty. Throws std::invalid_argument if
// there is no such repository or revision, or no commit that changes the paths.
PathHistory path_history(const std::filesystem::path& repository, const std::string& revision,
                         const std::vector<std::string>& paths);

}  // namespace moat
