// SPDX-License-Identifier: Apache-2.0
// What a build counted, beside the committed document.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

// A porting document, or why there is none.
struct MaybeDocument {
  std::optional<Json> document;
  std::string why_not;
};

// Takes each port and family from `built` if it was counted there beside its baseline, failing that
// the numbers that `committed` has, as far as its sources and its baseline's are the ones under
// `root` and this build does not count other lines of either. What neither gives is null, with its
// reason. What the committed document says of tests stands as long as the sources do.
Json merge(const MaybeDocument& built, const MaybeDocument& committed,
           const std::filesystem::path& root);

// True if a port of host passes alone compiles other groups of the very same sources: what a
// processor with other instructions, or another compiler, predefines.
bool differs_by_host(const Json& now, const Json& before, const std::string& name);

// Where `committed` is not what was counted anew, as "/ports/hip/…: 3, was 2": numbers, hashes and
// targets of the ports that `fresh` has and that do not differ by host alone, and the hashes of all
// sources under `root`. Not compared are facts of the machine and the moment: compiler, origin,
// commit and tests.
std::vector<std::string> differences(const Json& fresh, const Json& committed,
                                     const std::filesystem::path& root);

}  // namespace moat
