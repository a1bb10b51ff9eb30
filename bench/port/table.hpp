// SPDX-License-Identifier: Apache-2.0
// The porting record for people and for spreadsheets.
#pragma once

#include <string>

#include "bench/record/strict_json.hpp"

namespace moat {

// One row per port or family, kernel and part:
// port,kernel,part,shared,added,unused,lines,changed.
std::string porting_csv(const Json& record);

// A Markdown table with a row per port and per family, each with all its kernels together.
std::string porting_markdown(const Json& document);

}  // namespace moat
