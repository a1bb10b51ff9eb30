// SPDX-License-Identifier: Apache-2.0
// The code generation report as text and as CSV.
#pragma once

#include <string>

#include "bench/codegen/report.hpp"

namespace moat::codegen {

// A table per architecture with its limits, then messages, errors and absent backends.
std::string table(const Report& report);

// One row per kernel, with a header; what a compiler does not report is empty.
std::string csv(const Report& report);

}  // namespace moat::codegen
