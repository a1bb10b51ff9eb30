// SPDX-License-Identifier: Apache-2.0
// The source files of a folder or of a commit.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace moat {

struct FileFilter {
  // Name endings, without the dot; a file with another one is not read.
  std::vector<std::string> extensions = default_extensions();
  // Globs on paths from the root (fnmatch: '*' matches '/' too); empty: all.
  std::vector<std::string> include;
  std::vector<std::string> exclude;

  static std::vector<std::string> default_extensions();
  bool takes(const std::string& path) const;
};

struct Skipped {
  std::string path;
  std::string reason;
};

// Paths from the root with '/', ascending; and how to read one.
struct Tree {
  std::string name;  // as the user gave it
  bool single_file = false;
  std::vector<std::string> paths;
  std::vector<Skipped> skipped;
  std::function<std::string(const std::string& path)> read;  // throws std::runtime_error
};

// The files below `root`, or the one file `root`. Links to folders are not followed, so there are
// no loops; `.git`, `.hg` and `.svn` are not entered. Throws std::invalid_argument if `root` does
// not exist.
Tree folder_tree(const std::filesystem::path& root, const FileFilter& filter);

// The files of revision `revision` of the repository that holds `repository`, below `paths` (all if
// empty). Throws std::invalid_argument if there is no such repository or revision.
Tree commit_tree(const std::filesystem::path& repository, const std::string& revision,
                 const std::vector<std::string>& paths, const FileFilter& filter);

// Whether git would call it binary: a zero among the first 8000 bytes.
bool is_binary(std::string_view text);

// The largest file that is read, in bytes.
inline constexpr std::size_t kMaxFileSize = std::size_t{1} << 30;

}  // namespace moat
