// SPDX-License-Identifier: Apache-2.0
// A plain way to a result beside optimised ones.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/software/chains.hpp"

namespace moat {

// How one gets to the result: `text` is a case, solved by our kernel for it, or CHAIN:CASE, solved
// step by step (chains.hpp). Of a kernel that a build lacks the way is skipped by name.
struct Way {
  std::string name;  // one of its pairing
  std::string text;
};

// The first way is the plain one; the others are compared with it.
struct Pairing {
  std::string name;
  std::string says;  // what the ways have in common
  std::vector<Way> ways;
  // Of those that differ in a length alone, whose second way pays from some length on: what they
  // are called together, and that length.
  std::string series = {};
  int length = 0;
};

const std::vector<Pairing>& pairings();

// Throws UsageError, which suggests the name that was meant.
const Pairing& find_pairing(std::string_view option, std::string_view name);

// A way as this build has it.
struct ReadWay {
  const Chain* chain = nullptr;  // null: our kernel
  std::optional<Problem> problem;
  std::string missing;  // why there is no problem
};

// Throws CaseError for a text that is no way; a kernel that this build lacks is `missing`.
ReadWay read_way(std::string_view text);

}  // namespace moat
