// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/history/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "bench/migration/source/git.hpp"

namespace moat {
namespace {

using GitDiff = GitOwned<git_diff, git_diff_free>;
using GitStats = GitOwned<git_diff_stats, git_diff_stats_free>;
using GitBlob = GitOwned<git_blob, git_blob_free>;

bool is_below(const std::string& path, const std::vector<std::string>& paths) {
  return paths.empty() || std::ranges::any_of(paths, [&](const std::string& p) {
           return p.empty() || path == p || path.starts_with(p + "/");
         });
}

struct Lines {
  std::size_t files = 0;
  std::size_t added = 0;
  std::size_t removed = 0;
};

// What `commit` changes below `paths` against its parent, or against nothing if it has none.
Lines changed_lines(git_repository* repository, git_commit* commit,
                    std::vector<std::string> paths) {
  const GitCommit parent = parent_of(commit);
  const GitTree before = parent ? tree_of(parent.get()) : nullptr;
  const GitTree after = tree_of(commit);
  git_diff_options options;
  check_git(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION), "comparing commits");
  std::erase(paths, "");
  std::vector<char*> specs;
  for (std::string& p : paths) specs.push_back(p.data());
  options.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH;
  options.context_lines = 0;
  options.pathspec = {.strings = specs.data(), .count = specs.size()};
  git_diff* made = nullptr;
  check_git(git_diff_tree_to_tree(&made, repository, before.get(), after.get(), &options),
            "comparing commits");
  const GitDiff diff(made);
  check_git(git_diff_find_similar(made, nullptr), "finding moved files");
  git_diff_stats* counted = nullptr;
  check_git(git_diff_get_stats(&counted, made), "counting lines");
  const GitStats stats(counted);
  return {.files = git_diff_num_deltas(made),
          .added = git_diff_stats_insertions(counted),
          .removed = git_diff_stats_deletions(counted)};
}

struct Survivors {
  git_repository* repository;
  const std::vector<std::string>& paths;
  std::int64_t lines = 0;
};

// Called for each entry of a tree.
int count_entry(const char* root, const git_tree_entry* entry, void* payload) {
  auto& survivors = *static_cast<Survivors*>(payload);
  if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB) return 0;
  if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK) return 0;
  if (!is_below(std::string(root) + git_tree_entry_name(entry), survivors.paths)) return 0;
  git_blob* read = nullptr;
  if (git_blob_lookup(&read, survivors.repository, git_tree_entry_id(entry)) != 0) return -1;
  const GitBlob blob(read);
  if (git_blob_is_binary(read) != 0) return 0;
  const std::string_view text(static_cast<const char*>(git_blob_rawcontent(read)),
                              static_cast<std::size_t>(git_blob_rawsize(read)));
  survivors.lines += std::ranges::count(text, '\n');
  if (!text.empty() && text.back() != '\n') ++survivors.lines;
  return 0;
}

}  // namespace

std::optional<double> PathHistory::rework() const {
  if (surviving == 0) return std::nullopt;
  return static_cast<double>(churn()) / static_cast<double>(surviving);
}

double PathHistory::days() const {
  constexpr double kSecondsPerDay = 86400;
  return static_cast<double>(commits.back().time - commits.front().time) / kSecondsPerDay;
}

PathHistory path_history(const std::filesystem::path& repository, const std::string& revision,
                         const std::vector<std::string>& paths) {
  const GitRepository opened = open_repository(repository);
  const GitCommit head = find_commit(opened.get(), revision);
  std::vector<std::string> below;
  for (const std::string& path : paths) below.push_back(path_in_repository(opened.get(), path));
  if (std::ranges::find(below, "") != below.end()) below.clear();

  const GitWalk walk = new_walk(opened.get());
  check_git(git_revwalk_push(walk.get(), git_commit_id(head.get())), "reading the history");

  PathHistory history;
  if (git_repository_is_shallow(opened.get()) == 1) {
    const git_signature* author = git_commit_author(head.get());
    history.commits.push_back({.id = to_text(*git_commit_id(head.get())),
                               .time = author->when.time,
                               .offset = author->when.offset});
    history.not_measurable = "the clone is shallow (git fetch --unshallow brings its history)";
    return history;
  }
  std::set<std::string> authors;
  std::set<std::int64_t> days;
  git_oid id;
  int walked = 0;
  while ((walked = git_revwalk_next(&id, walk.get())) == 0) {
    const GitCommit commit = read_commit(opened.get(), id);
    if (git_commit_parentcount(commit.get()) > 1) {
      ++history.merges;
      continue;
    }
    const Lines lines = changed_lines(opened.get(), commit.get(), below);
    if (lines.files == 0) continue;
    history.added += static_cast<std::int64_t>(lines.added);
    history.removed += static_cast<std::int64_t>(lines.removed);
    const git_signature* author = git_commit_author(commit.get());
    history.commits.push_back(
        {.id = to_text(id), .time = author->when.time, .offset = author->when.offset});
    authors.insert(author->email);
    constexpr std::int64_t kSecondsPerDay = 86400;
    days.insert((author->when.time + author->when.offset * std::int64_t{60}) / kSecondsPerDay);
  }
  if (walked != GIT_ITEROVER) check_git(walked, "reading the history");
  if (history.commits.empty()) {
    throw std::invalid_argument(
        fmt::format("no commit behind {} changes {}; paths are from the top of the repository",
                    revision, fmt::join(paths, ", ")));
  }
  std::ranges::reverse(history.commits);
  std::ranges::stable_sort(history.commits, {}, &HistoryCommit::time);
  history.authors = static_cast<int>(authors.size());
  history.active_days = static_cast<int>(days.size());
  Survivors survivors{.repository = opened.get(), .paths = below};
  const GitTree tree = tree_of(head.get());
  check_git(git_tree_walk(tree.get(), GIT_TREEWALK_PRE, count_entry, &survivors), "reading files");
  history.surviving = survivors.lines;
  if (history.commits.size() == 1) {
    history.not_measurable = "one commit brought it all: the history was squashed";
  }
  return history;
}

}  // namespace moat
