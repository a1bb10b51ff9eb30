// SPDX-License-Identifier: Apache-2.0
// What `moat explain --json` prints; bench/explain/README.md has its members.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/explain/text.hpp"
#include "bench/record/strict_json.hpp"

namespace moat::explain {

inline constexpr int kDocumentVersion = 1;

Json document(const std::vector<Target>& targets, const std::vector<Row>& rows,
              const std::vector<Finding>& findings, const std::map<std::string, double>& weights);

}  // namespace moat::explain
