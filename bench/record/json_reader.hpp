// SPDX-License-Identifier: Apache-2.0
// Reads JSON more strictly than the library: every field is what it says, once.
#pragma once

#include <string_view>

#include "bench/record/strict_json.hpp"

namespace moat {

// Beyond RFC 8259 this refuses what would be read as something else than was written: a name twice
// in an object, a whole number that does not fit into 64 bits, NUL bytes. The most that arrays and
// objects are nested is kMostNested. A byte order mark at the beginning is passed over. Throws
// JsonError with the pointer, or the line, the column and the byte.
Json read_json(std::string_view text);

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

inline constexpr int kMostNested = 128;

}  // namespace moat
