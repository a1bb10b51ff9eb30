// SPDX-License-Identifier: Apache-2.0
// `moat port --details`: the lines behind the numbers.
#pragma once

#include <filesystem>
#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// The lines that each port adds and leaves unused, with their text, of a file or of a kernel, and
// how many each family does; or the lines of one family. Where `document` holds no line ranges, as
// the committed one, only how many, and a note that a build has the lines. Throws
// std::invalid_argument that lists the names if `name` is none of these.
std::string porting_details(const Json& document, const std::string& name,
                            const std::filesystem::path& root);

}  // namespace moat
