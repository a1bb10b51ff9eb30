// SPDX-License-Identifier: Apache-2.0
// Parts of a porting document, as bench/port/README.md describes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

// Backends and families that `document` names, null ones too.
std::vector<std::string> port_names(const Json& document);

// What the document says of a backend or a family; null if it was not counted or is not named.
const Json& port_in(const Json& document, const std::string& name);
Json& port_in(Json& document, const std::string& name);

// File → number of lines of it that the port compiles, from line ranges or from numbers.
std::map<std::string, int> lines_by_file(const Json& document, const std::string& name);

// Files of the port that are not, under `root`, what they were when it was counted.
std::vector<std::string> changed_sources(const Json& document, const std::string& name,
                                         const std::filesystem::path& root);

// The document with the number of lines in the place of line ranges: what is committed.
Json without_line_ranges(Json document);

// The document's ports with their sums, the mean divergences and the document's hash: what a record
// of `moat run` holds of it.
Json porting_sums(const Json& document);

// For each port and family that this build counted, the commit of the repository at `root` and
// whether its sources are as in that commit.
void add_commit(Json& document, const std::filesystem::path& root);

// What the tests of a JUnit file prove about each port and family. Throws std::runtime_error if a
// source of one is newer than the file: test results older than the sources prove nothing.
void add_tests(Json& document, const std::filesystem::path& junit,
               const std::filesystem::path& root);

}  // namespace moat
