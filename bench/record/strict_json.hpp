// SPDX-License-Identifier: Apache-2.0
// JSON as RFC 8259 has it: no NaN or infinity goes out, nothing malformed comes in.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace moat {

// Incomplete here: whoever looks into a document includes <nlohmann/json.hpp>, which takes a second
// to compile.
using Json = nlohmann::ordered_json;

// A document that others only carry along; copies share it.
using JsonDocument = std::shared_ptr<const Json>;
JsonDocument share(Json document);

// What is wrong with a document and where: `pointer` is a JSON pointer (RFC 6901), "" the root.
class JsonError : public std::runtime_error {
 public:
  JsonError(std::string pointer, const std::string& reason);
  const std::string& pointer() const { return pointer_; }
  const std::string& reason() const { return reason_; }
  // The same with more to its reason.
  JsonError with_note(const std::string& note) const;
  // The same in a value that stands at `parent`.
  JsonError below(const std::string& parent) const { return {parent + pointer_, reason_}; }

 private:
  std::string pointer_;
  std::string reason_;
};

// The pointer of a member or an element.
std::string child_pointer(const std::string& parent, std::string_view key);
std::string child_pointer(const std::string& parent, std::size_t index);

// The document as text that ends in a newline. Throws JsonError at the first number that is not
// finite (the library would write null) or string that is not UTF-8.
std::string dump_strict(const Json& document);

// Throws JsonError at what is malformed; read_json (bench/record/json_reader.hpp) tells what that
// is.
Json parse_strict(std::string_view text);

// Parses a file. Throws std::runtime_error that names it.
Json read_json_file(const std::filesystem::path& path);

}  // namespace moat
