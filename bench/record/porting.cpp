// SPDX-License-Identifier: Apache-2.0
#include "bench/record/porting.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace moat {
namespace {

void require_reasons(const Json& value, const Json& reasons, const std::string& pointer,
                     const std::string& at) {
  if (value.is_null() && !reasons.contains(pointer)) {
    throw JsonError(at + pointer, fmt::format("null without a reason in {}/null_reasons", at));
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    require_reasons(member, reasons, child_pointer(pointer, key), at);
  }
}

}  // namespace

void check_porting(const Json& section, const std::string& at) {
  const bool sums = section["schema"] == "moat-porting-sums";
  const int newest = sums ? kPortingSumsVersion : kPortingVersion;
  if (section["version"] > newest) {
    throw JsonError(at + "/version",
                    fmt::format("is {}; this moat reads {} up to {}", section["version"].dump(),
                                section["schema"].get<std::string>(), newest));
  }
  for (const auto& [key, member] : section.items()) {
    if (key != "null_reasons") {
      require_reasons(member, section["null_reasons"], child_pointer("", key), at);
    }
  }
}

}  // namespace moat
