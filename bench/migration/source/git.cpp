// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/source/git.hpp"

#include <fmt/core.h>

#include <array>
#include <stdexcept>

namespace moat {

namespace fs = std::filesystem;

void start_git() {
  static const int kStarted = git_libgit2_init();
  (void)kStarted;
}

std::string git_message() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? error->message : "unknown error";
}

void check_git(int code, const char* what) {
  if (code != 0) throw std::runtime_error(fmt::format("{}: {}", what, git_message()));
}

GitRepository open_repository(const fs::path& path) {
  start_git();
  git_repository* opened = nullptr;
  if (git_repository_open_ext(&opened, path.c_str(), 0, nullptr) != 0) {
    throw std::invalid_argument(
        fmt::format("{} is not in a git repository ({})", path.string(), git_message()));
  }
  return GitRepository(opened);
}

GitCommit find_commit(git_repository* repository, const std::string& revision) {
  git_object* found = nullptr;
  if (git_revparse_single(&found, repository, revision.c_str()) != 0) {
    throw std::invalid_argument(fmt::format("{} names no revision of {} ({}); git log lists them",
                                            revision, git_repository_path(repository),
                                            git_message()));
  }
  const GitObject object(found);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) != 0) {
    throw std::invalid_argument(fmt::format("{} is no commit", revision));
  }
  return GitCommit(reinterpret_cast<git_commit*>(peeled));
}

GitCommit read_commit(git_repository* repository, const git_oid& id) {
  git_commit* commit = nullptr;
  check_git(git_commit_lookup(&commit, repository, &id), "reading a commit");
  return GitCommit(commit);
}

GitCommit parent_of(const git_commit* commit) {
  if (git_commit_parentcount(commit) == 0) return nullptr;
  git_commit* parent = nullptr;
  check_git(git_commit_parent(&parent, commit, 0), "reading a commit");
  return GitCommit(parent);
}

GitTree tree_of(const git_commit* commit) {
  git_tree* tree = nullptr;
  check_git(git_commit_tree(&tree, commit), "reading a commit");
  return GitTree(tree);
}

GitWalk new_walk(git_repository* repository) {
  git_revwalk* walk = nullptr;
  check_git(git_revwalk_new(&walk, repository), "reading the history");
  return GitWalk(walk);
}

std::string to_text(const git_oid& id) {
  std::string text(GIT_OID_HEXSZ, '\0');
  git_oid_fmt(text.data(), &id);
  return text;
}

std::string path_in_repository(git_repository* repository, const fs::path& path) {
  const char* top = git_repository_workdir(repository);
  if (top == nullptr || (path.is_relative() && !fs::exists(path))) {
    const std::string plain = path.lexically_normal().generic_string();
    return plain == "." ? "" : plain;
  }
  const fs::path below = fs::weakly_canonical(path).lexically_relative(fs::weakly_canonical(top));
  std::string text = below.generic_string();
  if (text.starts_with("..")) return path.lexically_normal().generic_string();
  return text == "." ? "" : text;
}

}  // namespace moat
