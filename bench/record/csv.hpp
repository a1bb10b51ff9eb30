// SPDX-License-Identifier: Apache-2.0
// Comma-separated values.
#pragma once

#include <string>
#include <string_view>

namespace moat {

// A field, in quotes where RFC 4180 wants them.
std::string csv_field(std::string_view text);

}  // namespace moat
