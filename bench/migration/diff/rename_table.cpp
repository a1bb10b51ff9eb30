// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/rename_table.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/migration/tables/tables.hpp"

namespace moat {
namespace {

// "cudaMalloc" by {"replace": "cuda", "by": "hip"} is "hipMalloc".
std::string replaced(const std::string& name, const std::string& what, const std::string& by) {
  const std::size_t at = name.find(what);
  if (what.empty() || at == std::string::npos) {
    throw std::runtime_error(fmt::format("\"{}\" does not hold \"{}\"", name, what));
  }
  return std::string(name).replace(at, what.size(), by);
}

}  // namespace

RenameTable::RenameTable(const Json& document) {
  try {
    name_ = document.at("name").get<std::string>();
    version_ = document.at("version").get<std::string>();
    from_ = document.at("from").get<std::string>();
    to_ = document.at("to").get<std::string>();
    const Json rules = document.value("regular", Json::array());
    const Json names = document.value("names", Json::object());
    const Json headers = document.value("headers", Json::object());
    for (const Json& rule : rules) {
      const auto what = rule.at("replace").get<std::string>();
      const auto by = rule.at("by").get<std::string>();
      for (const auto& name : rule.at("names").get<std::vector<std::string>>()) {
        names_[name] = replaced(name, what, by);
      }
    }
    for (const auto& [name, to] : names.items()) {
      names_[name] = to.get<std::string>();
    }
    for (const auto& [name, to] : headers.items()) {
      headers_[name] = to.get<std::string>();
    }
    const Json differing = document.value("arguments_differ", Json::object());
    for (const auto& [name, other] : differing.items()) {
      differences_[name] = {.to = other.at("to").get<std::string>(),
                            .why = other.at("why").get<std::string>()};
    }
    for (const Json& name : document.value("same", Json::array())) {
      same_.insert(name.get<std::string>());
    }
    const Json missing = document.value("no_equivalent", Json::object());
    for (const auto& [name, why] : missing.items()) missing_[name] = why.get<std::string>();
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format(
        "rename table {}: {}; bench/migration/README.md has the format", name_, e.what()));
  }
}

void RenameTable::add(const RenameTable& other) {
  for (const auto& [name, to] : other.names_) names_[name] = to;
  for (const auto& [name, to] : other.headers_) headers_[name] = to;
  for (const auto& [name, to] : other.differences_) differences_[name] = to;
  for (const auto& [name, why] : other.missing_) missing_[name] = why;
  same_.insert(other.same_.begin(), other.same_.end());
  name_ += " + " + other.name_;
  version_ += " + " + other.version_;
}

std::string RenameTable::mapping(std::string_view identifier) const {
  if (const auto it = differences_.find(identifier); it != differences_.end()) {
    return fmt::format("arguments differ: {}: {}", it->second.to, it->second.why);
  }
  if (const auto* why = look_up(missing_, identifier)) {
    return fmt::format("no equivalent: {}", *why);
  }
  const std::string* to = find(identifier);
  if (to == nullptr) return same_.contains(identifier) ? "same" : "not in the table";
  return *to == identifier ? "same" : fmt::format("rename: {}", *to);
}

std::string mapping_kind(const std::string& mapping) {
  return mapping.substr(0, mapping.find(':'));
}

std::optional<RenameTable> shipped_table(const std::string& from, const std::string& to) {
  for (const std::string_view text : rename_table_texts()) {
    RenameTable table(parse_strict(text));
    if (table.from() == from && table.to() == to) return table;
  }
  return std::nullopt;
}

std::string shipped_tables() {
  std::string list;
  for (const std::string_view text : rename_table_texts()) {
    const RenameTable table(parse_strict(text));
    list += fmt::format("{}{} to {}", list.empty() ? "" : ", ", table.from(), table.to());
  }
  return list;
}

}  // namespace moat
