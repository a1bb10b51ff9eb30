// SPDX-License-Identifier: Apache-2.0
// Tables of names that a port replaces one for one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

// A table as data: bench/migration/README.md has the format.
class RenameTable {
 public:
  // Throws std::runtime_error that names the table and the member that is wrong.
  explicit RenameTable(const Json& document);
  RenameTable() = default;

  // Adds the names of `other`, which win over names that are there.
  void add(const RenameTable& other);

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  const std::string& from() const { return from_; }
  const std::string& to() const { return to_; }
  std::size_t size() const { return names_.size() + headers_.size(); }

  // What replaces an identifier; nothing if it stays.
  const std::string* find(std::string_view identifier) const { return look_up(names_, identifier); }
  // How an identifier maps, in words: one of mapping_kind's, and what more there is to say.
  std::string mapping(std::string_view identifier) const;
  // What replaces the header `path`, without its brackets or quotes.
  const std::string* find_header(std::string_view path) const { return look_up(headers_, path); }

 private:
  // Not mechanical: a name with other arguments.
  struct Difference {
    std::string to;
    std::string why;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Names = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;
  static const std::string* look_up(const Names& names, std::string_view key) {
    const auto it = names.find(key);
    return it == names.end() ? nullptr : &it->second;
  }

  std::string name_ = "none";
  std::string version_ = "0";
  std::string from_;
  std::string to_;
  Names names_;
  Names headers_;
  Names missing_;
  std::unordered_set<std::string, Hash, std::equal_to<>> same_;
  std::unordered_map<std::string, Difference, Hash, std::equal_to<>> differences_;
};

// Of RenameTable::mapping: "same", "rename", "arguments differ", "no equivalent" or "not in the
// table".
std::string mapping_kind(const std::string& mapping);

// The shipped table from one model to another; nothing if there is none.
std::optional<RenameTable> shipped_table(const std::string& from, const std::string& to);

// "cuda to hip, cuda to musa": for messages.
std::string shipped_tables();

}  // namespace moat
