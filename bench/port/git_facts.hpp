// SPDX-License-Identifier: Apache-2.0
// What git says of the sources that were counted.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "bench/port/count.hpp"

namespace moat {

struct CommitFacts {
  std::string commit;      // of HEAD
  bool at_commit = false;  // every file is in HEAD as it was counted
};

// Nothing outside a repository or before its first commit.
std::optional<CommitFacts> commit_facts(const std::filesystem::path& root,
                                        const std::map<std::string, SourceFile>& files);

}  // namespace moat
