// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/drift.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "bench/migration/source/git.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

using GitEntry = GitOwned<git_tree_entry, git_tree_entry_free>;

// The object at `path` in the tree of `commit`; zero if there is none.
git_oid object_at(const git_commit* commit, const std::string& path) {
  const GitTree tree = tree_of(commit);
  if (path.empty()) return *git_tree_id(tree.get());
  git_tree_entry* entry = nullptr;
  if (git_tree_entry_bypath(&entry, tree.get(), path.c_str()) != 0) return {};
  const GitEntry found(entry);
  return *git_tree_entry_id(entry);
}

}  // namespace

std::optional<std::string> drift_in_git(const fs::path& base, const fs::path& port) {
  GitRepository repository;
  try {
    repository = open_repository(base);
    const GitRepository other = open_repository(port);
    if (std::string(git_repository_path(repository.get())) != git_repository_path(other.get())) {
      return std::nullopt;
    }
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  const std::string base_path = path_in_repository(repository.get(), base);
  const std::string port_path = path_in_repository(repository.get(), port);
  const GitWalk walk = new_walk(repository.get());
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  if (git_revwalk_push_head(walk.get()) != 0) return std::nullopt;  // no commit yet

  // From the newest to the one with which the port came.
  int alone = 0;
  std::string newest;
  git_oid id;
  while (git_revwalk_next(&id, walk.get()) == 0) {
    const GitCommit commit = read_commit(repository.get(), id);
    if (git_commit_parentcount(commit.get()) > 1) continue;
    const git_oid port_now = object_at(commit.get(), port_path);
    if (git_oid_is_zero(&port_now) != 0) continue;  // on a branch without the port
    const GitCommit parent = parent_of(commit.get());
    const git_oid port_before = parent ? object_at(parent.get(), port_path) : git_oid{};
    if (git_oid_is_zero(&port_before) != 0) {
      if (alone == 0) return std::nullopt;
      return fmt::format(
          "drift: since {} came with commit {}, {} commit{} changed {} and not {}, the last {}; "
          "compare the port with the revision of the base that it was made from",
          port.string(), to_text(id).substr(0, 12), alone, alone == 1 ? "" : "s", base.string(),
          port.string(), newest);
    }
    const git_oid base_now = object_at(commit.get(), base_path);
    const git_oid base_before = object_at(parent.get(), base_path);
    if (git_oid_equal(&base_now, &base_before) == 0 &&
        git_oid_equal(&port_now, &port_before) != 0) {
      if (alone++ == 0) newest = to_text(id).substr(0, 12);
    }
  }
  return std::nullopt;
}

}  // namespace moat
