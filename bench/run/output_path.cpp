// SPDX-License-Identifier: Apache-2.0
#include "bench/run/output_path.hpp"

#include <fmt/format.h>

#include <cctype>
#include <string_view>

#include "bench/record/file.hpp"

namespace moat {

std::string slug(const std::string& name) {
  std::string text = name;
  for (const std::string_view mark : {"(R)", "(r)", "(TM)", "(tm)"}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.erase(at, mark.size());
    }
  }
  std::string result;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x80 && std::isalnum(u) != 0) {
      result += static_cast<char>(std::tolower(u));
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  if (result.empty()) return "device";
  return result;
}

std::filesystem::path record_path(const std::optional<std::filesystem::path>& out,
                                  const std::string& device, const std::string& started,
                                  const Build& build) {
  if (out && (out->extension() == ".json" || is_stream(*out))) return *out;
  // The basic format of ISO 8601: colons are not allowed in every file system.
  std::string time;
  for (const char c : started) {
    if (c != ':' && c != '-') time += c;
  }
  const std::string commit = build.commit.value ? build.commit.value->substr(0, 12) : "unknown";
  return out.value_or(std::filesystem::path("results") / slug(device)) /
         fmt::format("{}-{}.json", time, commit);
}

}  // namespace moat
