// SPDX-License-Identifier: Apache-2.0
// What a port changed in one file.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/migration/diff/port_class.hpp"
#include "bench/migration/diff/rename_table.hpp"
#include "bench/migration/source/source_text.hpp"

namespace moat {

// Lines of code of one class.
struct ClassCount {
  std::int64_t removed = 0;             // of the base
  std::int64_t added = 0;               // of the port
  std::int64_t mechanical_removed = 0;  // of these, equal after renaming
  std::int64_t mechanical_added = 0;
};

// Sums over files. Lines are lines of code.
struct DiffCounts {
  std::int64_t base_sloc = 0;
  std::int64_t port_sloc = 0;
  std::int64_t removed = 0;   // lines of the base that the port changed or left out
  std::int64_t added = 0;     // lines of the port that the base does not have
  std::int64_t max_side = 0;  // per place of change the larger of the two, summed
  std::int64_t base_tokens = 0;
  std::int64_t port_tokens = 0;
  std::int64_t token_edits = 0;  // tokens removed + tokens added
  std::array<ClassCount, kPortClassCount> classes;

  ClassCount& of(PortClass c) { return classes.at(static_cast<std::size_t>(c)); }
  const ClassCount& of(PortClass c) const { return classes.at(static_cast<std::size_t>(c)); }
  std::int64_t mechanical() const;  // lines of both sides
  DiffCounts& operator+=(const DiffCounts& other);
};

struct ChangedLine {
  std::uint32_t number = 0;  // physical, from 1
  PortClass port_class = PortClass::kOther;
  bool mechanical = false;
  std::string text;  // without leading blanks
};

// Identifiers that were replaced one for one, and that no table names; with how often.
using UnlistedRenames = std::map<std::pair<std::string, std::string>, int>;

struct FileDiff {
  DiffCounts counts;
  std::vector<ChangedLine> removed;  // ascending
  std::vector<ChangedLine> added;
  UnlistedRenames unlisted;
};

// Comments, blank lines and white space aside, and wherever the line breaks are: a line counts as
// changed only if one of its tokens, or one of the tokens of its counterpart, is.
FileDiff diff_sources(const SourceText& base, const SourceText& port, const RenameTable& table);

// The hash of a line after renaming; equal to CodeLine::hash where the table changes nothing.
std::uint64_t renamed_hash(const SourceText& source, const CodeLine& line,
                           const RenameTable& table);

// A file that only one side has: all of its lines are of class `c`, removed if it is kDropped.
DiffCounts count_whole(const SourceText& source, PortClass c);

}  // namespace moat
