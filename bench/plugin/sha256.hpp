// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), by which others find a file again.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace moat {

// In 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

// Of a file's content. Throws std::runtime_error if it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace moat
