// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/source/tree.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "bench/migration/source/git.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw std::runtime_error(fmt::format("{} cannot be read", path.string()));
  std::string text(static_cast<std::size_t>(in.tellg()), '\0');
  in.seekg(0);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) throw std::runtime_error(fmt::format("{} cannot be read", path.string()));
  return text;
}

class FolderWalk {
 public:
  FolderWalk(fs::path root, const FileFilter& filter, Tree& tree)
      : root_(std::move(root)), filter_(filter), tree_(tree) {}

  void walk(const fs::path& folder) {
    std::error_code failed;
    fs::directory_iterator entries(folder, failed);
    if (failed) {
      skip(folder, failed.message());
      return;
    }
    for (; entries != fs::directory_iterator(); entries.increment(failed)) {
      if (failed) {
        skip(folder, failed.message());
        return;
      }
      visit(*entries);
    }
  }

 private:
  std::string relative(const fs::path& path) const {
    return path.lexically_relative(root_).generic_string();
  }
  void skip(const fs::path& path, std::string reason) {
    tree_.skipped.push_back({.path = relative(path), .reason = std::move(reason)});
  }

  void visit(const fs::directory_entry& entry) {
    std::error_code failed;
    const std::string name = entry.path().filename().string();
    const bool link = entry.is_symlink(failed);
    const fs::file_status status = entry.status(failed);
    if (fs::is_directory(status)) {
      if (link) {
        skip(entry.path(), "a link to a folder");
      } else if (name != ".git" && name != ".hg" && name != ".svn") {
        walk(entry.path());
      }
      return;
    }
    const std::string path = relative(entry.path());
    if (!filter_.takes(path)) return;
    if (!fs::is_regular_file(status)) {
      skip(entry.path(), link ? "a link to nothing that can be read" : "not a regular file");
      return;
    }
    if (const auto size = entry.file_size(failed); failed || size > kMaxFileSize) {
      skip(entry.path(), failed ? failed.message() : "larger than 1 GiB");
      return;
    }
    tree_.paths.push_back(path);
  }

  fs::path root_;
  const FileFilter& filter_;
  Tree& tree_;
};

bool matches(const std::vector<std::string>& globs, const std::string& path) {
  return std::ranges::any_of(
      globs, [&](const std::string& glob) { return fnmatch(glob.c_str(), path.c_str(), 0) == 0; });
}

bool below_one(const std::vector<std::string>& folders, const std::string& path) {
  if (folders.empty()) return true;
  return std::ranges::any_of(folders, [&](const std::string& folder) {
    return folder.empty() || path == folder ||
           (path.starts_with(folder) && path[folder.size()] == '/');
  });
}

}  // namespace

std::vector<std::string> FileFilter::default_extensions() {
  return {"cu",  "cuh", "hip", "c",     "cc",  "cpp", "cxx", "h",   "hh",   "hpp",
          "hxx", "inl", "inc", "cuinc", "ipp", "tpp", "mu",  "muh", "maca", "dp.cpp"};
}

bool FileFilter::takes(const std::string& path) const {
  const bool known = std::ranges::any_of(extensions, [&](const std::string& extension) {
    return path.size() > extension.size() && path.ends_with(extension) &&
           path[path.size() - extension.size() - 1] == '.';
  });
  return known && (include.empty() || matches(include, path)) && !matches(exclude, path);
}

Tree folder_tree(const fs::path& root, const FileFilter& filter) {
  if (!fs::exists(root)) {
    throw std::invalid_argument(fmt::format("{} does not exist", root.string()));
  }
  Tree tree;
  tree.name = root.string();
  if (!fs::is_directory(root)) {
    // A single file is taken whatever its ending.
    tree.single_file = true;
    tree.paths.push_back(root.filename().generic_string());
    tree.read = [root](const std::string&) { return read_text(root); };
    return tree;
  }
  FolderWalk(root, filter, tree).walk(root);
  std::ranges::sort(tree.paths);
  std::ranges::sort(tree.skipped, {}, &Skipped::path);
  tree.read = [root](const std::string& path) { return read_text(root / path); };
  return tree;
}

Tree commit_tree(const fs::path& repository, const std::string& revision,
                 const std::vector<std::string>& paths, const FileFilter& filter) {
  const std::shared_ptr<git_repository> opened(open_repository(repository).release(),
                                               git_repository_free);
  const GitCommit commit = find_commit(opened.get(), revision);
  git_tree* root = nullptr;
  if (git_commit_tree(&root, commit.get()) != 0) {
    throw std::runtime_error(fmt::format("{}: {}", revision, git_message()));
  }
  const GitTree owned(root);
  std::vector<std::string> folders;
  for (const std::string& path : paths) {
    std::string plain = fs::path(path).lexically_normal().generic_string();
    while (plain.ends_with('/')) plain.pop_back();
    folders.push_back(plain == "." ? "" : plain);
  }
  struct Walk {
    const std::vector<std::string>& folders;
    const FileFilter& filter;
    Tree tree;
    std::map<std::string, git_oid> blobs;
  };
  Walk walk{.folders = folders, .filter = filter, .tree = {}, .blobs = {}};
  walk.tree.name = revision;
  const auto visit = [](const char* folder, const git_tree_entry* entry, void* payload) {
    auto& w = *static_cast<Walk*>(payload);
    const std::string path = std::string(folder) + git_tree_entry_name(entry);
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB) return 0;
    if (!below_one(w.folders, path) || !w.filter.takes(path)) return 0;
    if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK) {
      w.tree.skipped.push_back({.path = path, .reason = "a link"});
      return 0;
    }
    w.tree.paths.push_back(path);
    w.blobs[path] = *git_tree_entry_id(entry);
    return 0;
  };
  git_tree_walk(root, GIT_TREEWALK_PRE, visit, &walk);
  std::ranges::sort(walk.tree.paths);
  // libgit2's object database may be read by several threads.
  walk.tree.read = [opened, blobs = std::move(walk.blobs)](const std::string& path) {
    git_blob* blob = nullptr;
    if (git_blob_lookup(&blob, opened.get(), &blobs.at(path)) != 0) {
      throw std::runtime_error(fmt::format("{}: {}", path, git_message()));
    }
    const GitOwned<git_blob, git_blob_free> owned_blob(blob);
    return std::string(static_cast<const char*>(git_blob_rawcontent(blob)),
                       static_cast<std::size_t>(git_blob_rawsize(blob)));
  };
  return std::move(walk.tree);
}

bool is_binary(std::string_view text) {
  return text.substr(0, 8000).find('\0') != std::string_view::npos;
}

}  // namespace moat
