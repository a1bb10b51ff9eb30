// SPDX-License-Identifier: Apache-2.0
// Help for mistyped names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace moat {

// ". Did you mean NAME? Known: A, B, C", without the question if no name is near.
std::string suggestion(std::string_view given, std::span<const std::string> known);

// The name that was probably meant, if one is near.
std::optional<std::string> nearest(std::string_view given, std::span<const std::string> known);

}  // namespace moat
