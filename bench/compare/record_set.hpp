// SPDX-License-Identifier: Apache-2.0
// Records from files and folders.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/record/record.hpp"

namespace moat {

struct NamedRecord {
  std::string path;
  Record record;
};

// A file that cannot be read or is no record; names it, the place in it and the reason.
struct RecordError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The records that `paths` name, in the order of their start: a file is a record, and other
// documents of moat are left out with a note; a folder stands for all JSON files in and under it,
// of which those that name another schema are left out with a note. `on_file` is called before each
// file with its number and the number of all. A file that is there twice counts once, and shares of
// ceilings that older programs took for known are computed again (shares.hpp). Throws RecordError
// for what cannot be read or is no record, and where there is none.
std::vector<NamedRecord> read_records(
    const std::vector<std::filesystem::path>& paths,
    const std::function<void(std::size_t, std::size_t)>& on_file = [](auto, auto) {});

// Throws UsageError if `out`, which is to be written, is one of the files that are read.
void require_no_input(const std::filesystem::path& out,
                      const std::vector<std::filesystem::path>& paths);

}  // namespace moat
