// SPDX-License-Identifier: Apache-2.0
// libgit2's objects, owned.
#pragma once

#include <git2.h>

#include <filesystem>
#include <memory>
#include <string>

namespace moat {

template <class T, void (*kFree)(T*)>
struct GitFree {
  void operator()(T* p) const { kFree(p); }
};
template <class T, void (*kFree)(T*)>
using GitOwned = std::unique_ptr<T, GitFree<T, kFree>>;

using GitRepository = GitOwned<git_repository, git_repository_free>;
using GitObject = GitOwned<git_object, git_object_free>;
using GitTree = GitOwned<git_tree, git_tree_free>;
using GitCommit = GitOwned<git_commit, git_commit_free>;
using GitWalk = GitOwned<git_revwalk, git_revwalk_free>;

// Starts libgit2 once. Threads may call it.
void start_git();

// libgit2's last message, or "unknown error".
std::string git_message();

// Throws std::runtime_error with `what` and libgit2's message if `code` is not 0.
void check_git(int code, const char* what);

// The repository that holds `path`. Throws std::invalid_argument.
GitRepository open_repository(const std::filesystem::path& path);

// The commit that `revision` names. Throws std::invalid_argument.
GitCommit find_commit(git_repository* repository, const std::string& revision);

GitCommit read_commit(git_repository* repository, const git_oid& id);

// The first parent; nothing if there is none.
GitCommit parent_of(const git_commit* commit);

GitTree tree_of(const git_commit* commit);

// An empty walk over the commits of a repository.
GitWalk new_walk(git_repository* repository);

std::string to_text(const git_oid& id);

// `path` as git knows it: from the top of the work tree of `repository`. A relative path that does
// not exist below the current folder is taken to be such a path already.
std::string path_in_repository(git_repository* repository, const std::filesystem::path& path);

}  // namespace moat
