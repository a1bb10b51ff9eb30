// SPDX-License-Identifier: Apache-2.0
// Which products and attention of real models leave a device's units without work, although another
// choice of the same tables would not. The list in findings.txt may only shrink.
#include "bench/explain/findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#include "bench/cases/models.hpp"

namespace moat::explain {
namespace {

std::set<std::string> known_findings() {
  std::set<std::string> all;
  std::ifstream file(MOAT_KNOWN_FINDINGS);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') all.insert(line);
  }
  return all;
}

TEST(ExplainFindings, OfRealModelsAreThoseThatAreKnownAtMost) {
  const std::set<std::string> known = known_findings();
  ASSERT_FALSE(known.empty()) << MOAT_KNOWN_FINDINGS;
  std::set<std::string> found;
  std::set<std::string> planned;
  for (const Target& target : known_targets()) {
    const Problem any = model_suites().front().cases.front();
    if (target.plan == nullptr || !explain(target, any, false).refused.empty()) continue;
    planned.insert(std::string(target.device->id));
    for (const Suite& suite : model_suites()) {
      for (const Problem& problem : suite.cases) {
        for (const Finding& f : findings_of(target, explain(target, problem, true))) {
          found.insert(f.device + " " + f.name + " " + std::string(name_of(f.mend)));
        }
      }
    }
  }
  if (planned.empty()) GTEST_SKIP() << "this build has no GPU backend";
  for (const std::string& line : found) {
    EXPECT_TRUE(known.contains(line)) << "new: " << line;
  }
  for (const std::string& line : known) {
    if (!planned.contains(line.substr(0, line.find(' ')))) continue;
    EXPECT_TRUE(found.contains(line))
        << "no finding any more, take it out of findings.txt: " << line;
  }
}

}  // namespace
}  // namespace moat::explain
