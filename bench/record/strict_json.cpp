// SPDX-License-Identifier: Apache-2.0
#include "bench/record/strict_json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "bench/record/json_reader.hpp"

namespace moat {
namespace {

void require_finite(const Json& value, const std::string& pointer) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw JsonError(pointer, "the number is not finite");
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      require_finite(member, child_pointer(pointer, key));
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      require_finite(value[i], child_pointer(pointer, i));
    }
  }
}

}  // namespace

JsonError::JsonError(std::string pointer, const std::string& reason)
    : std::runtime_error(fmt::format("at \"{}\": {}", pointer, reason)),
      pointer_(std::move(pointer)),
      reason_(reason) {}

JsonError JsonError::with_note(const std::string& note) const {
  return {pointer_, fmt::format("{} ({})", reason_, note)};
}

std::string child_pointer(const std::string& parent, std::string_view key) {
  std::string result = parent + '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string child_pointer(const std::string& parent, std::size_t index) {
  return fmt::format("{}/{}", parent, index);
}

std::string dump_strict(const Json& document) {
  require_finite(document, "");
  try {
    return document.dump(1) + '\n';
  } catch (const Json::type_error& e) {
    throw JsonError("", e.what());
  }
}

JsonDocument share(Json document) { return std::make_shared<const Json>(std::move(document)); }

Json parse_strict(std::string_view text) { return read_json(text); }

Json read_json_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error(fmt::format("{}: cannot be read: {}", path.string(),
                                         std::generic_category().message(errno)));
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    return parse_strict(text);
  } catch (const JsonError& e) {
    throw std::runtime_error(fmt::format("{}: not JSON: {}", path.string(),
                                         e.pointer().empty() ? e.reason() : e.what()));
  }
}

}  // namespace moat
