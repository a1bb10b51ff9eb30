// SPDX-License-Identifier: Apache-2.0
// What documents show of a record: its table, its picture, the generated parts of a README.
#pragma once

#include <filesystem>
#include <optional>

namespace moat {

struct PublishOptions {
  bool table = false;                           // print the table of the record
  bool svg = false;                             // draw its picture
  std::optional<std::filesystem::path> readme;  // rewrite this document's parts and its picture
  bool check = false;                           // only compare them
  double max_spread = 10;                       // percent
  std::filesystem::path record;
  std::optional<std::filesystem::path> out;  // of the picture; standard output if not given

  bool wanted() const { return table || svg || readme.has_value(); }
};

// Returns 0 when done; 1 if the document differs (check) or the record should not be published,
// having said why. Throws WriteError, RecordError and, for a document without the marks,
// std::runtime_error that names it.
int publish(const PublishOptions& options);

}  // namespace moat
