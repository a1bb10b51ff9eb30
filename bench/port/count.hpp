// SPDX-License-Identifier: Apache-2.0
// Counts the lines that each backend's build compiles.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/port/line_set.hpp"
#include "bench/port/preprocess.hpp"

namespace moat {

// A backend is named cuda; a family of its architectures that share atoms, cuda/sm_90a.
bool is_family(std::string_view name);
// cuda, of cuda and of cuda/sm_90a.
std::string backend_of(std::string_view name);

// Lines of code of the project that the build of one backend compiles, or of one family: the
// kernels of that family and what all families of the backend use, the runtime.
struct BackendLines {
  std::string compiler;                  // what it says of itself
  std::vector<std::string> targets;      // of the passes: host and architectures, sorted
  std::map<std::string, LineSet> units;  // kernel → lines; "runtime" for what belongs to none

  LineSet all() const;
};

struct SourceFile {
  std::string blob;  // git's hash of the contents (`git hash-object`)
  int code = 0;      // lines of code in all, compiled or not
};

struct Count {
  std::map<std::string, BackendLines> backends;  // and their families
  std::map<std::string, std::string> errors;     // backend → why it could not be counted
  std::map<std::string, SourceFile> files;       // of every backend
};

// Runs the passes of all commands, two or more at a time, and counts the lines of files within
// `root` but outside of `build`. A line counts if it holds code and lies in a group that some pass
// of the unit did not skip; the lines of kernels/K.* count for kernel K alone.
Count count_lines(const std::vector<CompileCommand>& commands, const std::filesystem::path& root,
                  const std::filesystem::path& build);

// The hash that `git hash-object --no-filters` prints.
std::string blob_hash(const std::string& contents);

}  // namespace moat
