// SPDX-License-Identifier: Apache-2.0
// Where a result comes from: this program's build and the machine it runs on.
#pragma once

#include <optional>
#include <string>

#include "bench/record/record.hpp"

namespace moat {

// The commit is that of the sources when the program was built, not when it runs.
Build this_build();

// A hash of the file that this program was started from, in 16 hexadecimal digits: what tells apart
// builds of one commit whose sources were changed. Empty if the system does not show the file.
std::optional<std::string> executable_hash();

// "0.1.0 (1a2b3c4d5e6f, modified)"; the commit is "unknown" outside a git repository.
std::string version_text(const Build& build);

// "this build is not optimised (Debug): …" where timings of a build are no measure of the kernels,
// by its compiler flags: no -O1 or more, or a sanitizer. Empty for all others.
std::string build_warning(const Build& build);

Host this_host();

// Seconds since the epoch as 2026-01-31T23:59:59Z.
std::string utc_time(std::int64_t seconds);

}  // namespace moat
