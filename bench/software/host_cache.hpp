// SPDX-License-Identifier: Apache-2.0
// How much data the host's processors keep near them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace moat {

// Those that so many OpenMP threads may run on.
std::vector<int> processors_of_threads(int threads);

// Bytes of the last-level caches of these processors together, each counted once. A cache that a
// processor shares with none of them is not theirs, although C libraries may count all of a socket.
// `root` is the folder of the system's processors. Empty where it does not tell.
std::optional<std::size_t> last_level_caches(
    const std::vector<int>& processors,
    const std::filesystem::path& root = "/sys/devices/system/cpu");

}  // namespace moat
