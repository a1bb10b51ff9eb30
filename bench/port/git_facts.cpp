// SPDX-License-Identifier: Apache-2.0
#include "bench/port/git_facts.hpp"

#include <git2.h>

#include <memory>

namespace moat {
namespace {

template <class T, void (*kFree)(T*)>
struct Free {
  void operator()(T* p) const { kFree(p); }
};
template <class T, void (*kFree)(T*)>
using Owned = std::unique_ptr<T, Free<T, kFree>>;

std::string to_text(const git_oid& id) {
  std::string text(GIT_OID_HEXSZ, '\0');
  git_oid_fmt(text.data(), &id);
  return text;
}

}  // namespace

std::optional<CommitFacts> commit_facts(const std::filesystem::path& root,
                                        const std::map<std::string, SourceFile>& files) {
  git_libgit2_init();
  git_repository* opened = nullptr;
  if (git_repository_open_ext(&opened, root.c_str(), 0, nullptr) != 0) return std::nullopt;
  const Owned<git_repository, git_repository_free> repository(opened);
  git_oid head;
  if (git_reference_name_to_id(&head, opened, "HEAD") != 0) return std::nullopt;
  CommitFacts facts{.commit = to_text(head), .at_commit = true};
  for (const auto& [name, file] : files) {
    // The tree's paths start at the repository's folder, which `root` may lie below.
    const char* folder = git_repository_workdir(opened);
    const auto path = folder == nullptr
                          ? std::filesystem::path(name)
                          : std::filesystem::weakly_canonical(root / name)
                                .lexically_relative(std::filesystem::weakly_canonical(folder));
    git_object* found = nullptr;
    const std::string spec = "HEAD:" + path.generic_string();
    if (git_revparse_single(&found, opened, spec.c_str()) != 0) {
      facts.at_commit = false;
      continue;
    }
    const Owned<git_object, git_object_free> object(found);
    if (to_text(*git_object_id(found)) != file.blob) facts.at_commit = false;
  }
  return facts;
}

}  // namespace moat
