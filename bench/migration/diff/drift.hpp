// SPDX-License-Identifier: Apache-2.0
// Whether a base went on without its port.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace moat {

// For two paths of one git repository: the commits of HEAD's history, merges aside, that changed
// `base` and not `port` since `port` came, as a warning. Nothing if there are none, or if the
// history cannot tell: other repositories, or a side that is not committed.
std::optional<std::string> drift_in_git(const std::filesystem::path& base,
                                        const std::filesystem::path& port);

}  // namespace moat
