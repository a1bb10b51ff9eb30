// SPDX-License-Identifier: Apache-2.0
// Named collections of cases.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/cases/case.hpp"

namespace moat {

struct Suite {
  std::string name;
  std::string description;
  std::string source;  // where its shapes come from
  std::vector<Problem> cases;
};

// quick, edges, those of models (models.hpp), sweep.
const std::vector<Suite>& suites();

// Throws CaseError, which lists the suites there are.
const Suite& find_suite(std::string_view name);

// Whether a case name contains the pattern or, if that has * or ?, matches it as a glob from start
// to end.
bool matches(std::string_view name, std::string_view pattern);

}  // namespace moat
