// SPDX-License-Identifier: Apache-2.0
// The parts of a document that are generated from a record.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/record/record.hpp"

namespace moat {

// Name of a part → its text, in which no line is longer than 120 characters.
using ReadmeParts = std::map<std::string, std::string>;

// `text` with each part between its marks, <!-- moat:NAME:begin --> and <!-- moat:NAME:end --> on
// lines of their own. Throws std::runtime_error that names a mark which is missing, doubled or in
// the wrong order.
std::string with_parts(const std::string& text, const ReadmeParts& parts);

// "figure": a link to the picture; "table": up to eight of our cases, as `moat run` formats them,
// taken kernel by kernel in turns; "porting": a row per port and family. Paths are relative to the
// document.
ReadmeParts readme_parts(const Record& record, const std::filesystem::path& record_path,
                         const std::filesystem::path& figure_path, const Json& porting);

// Why a record should not be published; empty if it may be. Sources that are not those of its
// commit, a build that is not optimised, a run that was interrupted or lacks cases that it had
// planned, fewer cases or samples than the table needs, a case that is not ok, a spread above
// `max_spread` (interquartile range ÷ median). Other work on the machine: it took more than 5 % of
// the run's processor time (waited for, or stolen below a virtual machine), disturbed more than a
// quarter of the samples, could not be seen, or the load average was above the processors.
std::vector<std::string> unfit_to_publish(const Record& record, double max_spread);

}  // namespace moat
