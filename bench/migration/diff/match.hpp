// SPDX-License-Identifier: Apache-2.0
// Which file of a port stands for which file of its base.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moat {

enum class MatchedBy : std::uint8_t {
  kUser,     // an override
  kPath,     // the same path
  kStem,     // the same path, extensions and vendor names aside
  kName,     // the same file name in another folder
  kContent,  // at least half of the lines, after renaming
};
std::string_view matched_by_name(MatchedBy by);

struct FileMatch {
  std::string base;
  std::string port;
  MatchedBy by = MatchedBy::kPath;
};

struct Matching {
  std::vector<FileMatch> pairs;      // ascending by base
  std::vector<std::string> dropped;  // base files without a counterpart
  std::vector<std::string> added;    // port files without one
};

// What the user knows better. An empty side: the other has no counterpart.
using MatchOverrides = std::vector<std::pair<std::string, std::string>>;

// Hashes of the lines of a file, after renaming; for a base file (`true`) or a port file. Called
// for those files alone that their paths do not match. May be called by several threads.
using LineHashes = std::function<std::vector<std::uint64_t>(const std::string& path, bool base)>;

// `from` and `to` name the models ("cuda", "hip"), whose names in paths count as equal. Each step
// takes the files that the one before has left; an ambiguous name matches nothing. Throws
// std::invalid_argument if an override names a file that is not there.
Matching match_files(const std::vector<std::string>& base, const std::vector<std::string>& port,
                     const std::string& from, const std::string& to,
                     const MatchOverrides& overrides, const LineHashes& hashes, int threads);

// The names by which a model is known in file names: hip, rocm, amd.
std::vector<std::string> vendor_words(const std::string& model);

}  // namespace moat
