// SPDX-License-Identifier: Apache-2.0
// What `moat software --json` wrote, for others.
#pragma once

#include <filesystem>

#include "bench/record/strict_json.hpp"

namespace moat {

// Throws std::runtime_error, which begins with the option and names the file, for what cannot be
// read or is not of schema moat-software.
Json read_software_document(const char* option, const std::filesystem::path& file);

// A row for each way of each pairing, as the report's page shows it: device, pairing, way, case,
// status, seconds, flops, bytes, kept, kept_per_token, share, bound, plain, measured, lower, upper,
// predicted, predicted_reason, bytes_ratio, reason. What is not known is null. Throws
// nlohmann::json::exception for a document that lacks members.
Json software_rows(const Json& document);

}  // namespace moat
