// The porting record for people and for spreadsheets.
#pragma once

#include <filesystem>
#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// One row per port or family, kernel and part:
// port,kernel,part,shared,added,unused,lines,changed.
std::string porting_csv(const Json& record);

// The lines that each port adds and leaves unused, with their text, of a file or of a kernel, and
// how many each family does; or the lines of one family. Throws std::invalid_argument that lists
// the names if `name` is none of these.
std::string porting_details(const Json& record, const std::string& name,
                            const std::filesystem::path& root);

}  // namespace moat
