// SPDX-License-Identifier: Apache-2.0
// The porting document: what a build counted, as JSON, and what can be read back from it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/port/baseline.hpp"
#include "bench/port/compare.hpp"
#include "bench/port/count.hpp"
#include "bench/record/porting.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

// A document names all backends, also those that nobody counted: the baseline first, then by name
// GPUs and others.
std::vector<std::string> port_backends();

inline constexpr const char* kBaselineFamily = "cuda/sm_80";

// What a port, or a family such as cuda/sm_90a, is compared with.
std::string baseline_of(std::string_view name);
// JSON pointer to what the record holds of it: /ports/hip, /families/cuda~1sm_90a.
std::string pointer_to(std::string_view name);

// Where a port's numbers come from, and what a document says where something is not there.
inline constexpr const char* kThisBuild = "this build";
inline constexpr const char* kCommitted = "committed record";
inline constexpr const char* kNoTests =
    "no test results of these sources (moat port --update --tests)";
inline constexpr const char* kNoRanges = "the document holds no line ranges of it";

// What one build counted.
struct Porting {
  Count count;                                // backends and families
  std::map<std::string, std::string> absent;  // backend or family → why it is null
};

// The document of one build that bench/port/README.md describes. Every number in it follows from
// the line sets, which it holds too.
Json to_json(const Porting& porting);

// Reads the line sets back. Ports of which the document holds no line ranges are absent. Throws
// std::runtime_error that names the member, and for a document of another version both versions:
// its parts mean something else.
Porting from_json(const Json& document);

}  // namespace moat
