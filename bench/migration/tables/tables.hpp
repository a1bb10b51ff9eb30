// SPDX-License-Identifier: Apache-2.0
// The JSON files of this folder, as they were when Moat was built.
#pragma once

#include <span>
#include <string_view>

namespace moat {

std::span<const std::string_view> rename_table_texts();

}  // namespace moat
