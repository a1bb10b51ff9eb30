// SPDX-License-Identifier: Apache-2.0
// Where a record goes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bench/record/record.hpp"

namespace moat {

// Lower case letters, digits and single hyphens: "Some(R) Thing" → "some-thing".
std::string slug(const std::string& name);

// `out` if it ends in .json, or is a device, FIFO or descriptor; else a file named after the start
// of the run and the commit in the folder `out`, by default results/<slug of the device>.
std::filesystem::path record_path(const std::optional<std::filesystem::path>& out,
                                  const std::string& device, const std::string& started,
                                  const Build& build);

}  // namespace moat
