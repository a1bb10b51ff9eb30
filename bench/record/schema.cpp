// SPDX-License-Identifier: Apache-2.0
#include "bench/record/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

namespace moat {
namespace {

constexpr std::array<std::string_view, 21> kKeywords = {
    "$schema",  "$id",         "$defs",      "$ref",
    "title",    "description", "type",       "const",
    "enum",     "minimum",     "maximum",    "exclusiveMinimum",
    "pattern",  "required",    "properties", "additionalProperties",
    "items",    "minItems",    "maxItems",   "patternProperties",
    "minLength"};

// What a schema says of a member of an object: by its name, by the pattern that it fits, or of all
// others; null if nothing.
const Json* schema_of_member(const Json& schema, const std::string& key) {
  const auto named = schema.find("properties");
  if (named != schema.end() && named->contains(key)) return &(*named)[key];
  const auto patterns = schema.find("patternProperties");
  if (patterns != schema.end()) {
    for (auto it = patterns->begin(); it != patterns->end(); ++it) {
      if (std::regex_search(key, std::regex(it.key()))) return &it.value();
    }
  }
  const auto others = schema.find("additionalProperties");
  return others != schema.end() ? &*others : nullptr;
}

bool has_type(const Json& x, const std::string& type) {
  if (type == "null") return x.is_null();
  if (type == "boolean") return x.is_boolean();
  if (type == "string") return x.is_string();
  if (type == "array") return x.is_array();
  if (type == "object") return x.is_object();
  if (type == "number") return x.is_number();
  // Narrower than JSON Schema: a count written as 1.0 or 1e23 is no whole number to every reader.
  if (type == "integer") return x.is_number_integer();
  throw std::invalid_argument(fmt::format("JSON Schema type {} is not known", type));
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& x, const Json& schema, const std::string& at) const {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) throw JsonError(at, "is not a field of the schema");
      return;
    }
    for (const auto& [keyword, value] : schema.items()) {
      if (std::ranges::find(kKeywords, keyword) == kKeywords.end()) {
        throw std::invalid_argument(fmt::format("JSON Schema keyword {} is not known", keyword));
      }
    }
    if (schema.contains("$ref")) {
      check(x, root_.at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
    }
    check_value(x, schema, at);
    if (x.is_object()) check_object(x, schema, at);
    if (x.is_array()) check_array(x, schema, at);
  }

 private:
  static void check_value(const Json& x, const Json& schema, const std::string& at) {
    if (schema.contains("type")) {
      const Json& types = schema["type"];
      const bool fits =
          types.is_array()
              ? std::ranges::any_of(types, [&](const Json& type) { return has_type(x, type); })
              : has_type(x, types);
      if (!fits) {
        throw JsonError(at, fmt::format("is {}, not of type {}", excerpt(x), types.dump()));
      }
    }
    if (schema.contains("const") && x != schema["const"]) {
      throw JsonError(at, fmt::format("is {}, not {}", excerpt(x), schema["const"].dump()));
    }
    if (schema.contains("enum")) {
      const Json& values = schema["enum"];
      if (std::ranges::find(values, x) == values.end()) {
        throw JsonError(at, fmt::format("is {}, not one of {}", excerpt(x), values.dump()));
      }
    }
    if (x.is_number()) {
      if (schema.contains("exclusiveMinimum") && x <= schema["exclusiveMinimum"]) {
        throw JsonError(
            at, fmt::format("is {}, not above {}", x.dump(), schema["exclusiveMinimum"].dump()));
      }
      if (schema.contains("minimum") && x < schema["minimum"]) {
        throw JsonError(at, fmt::format("is {}, less than {}", x.dump(), schema["minimum"].dump()));
      }
      if (schema.contains("maximum") && x > schema["maximum"]) {
        throw JsonError(at, fmt::format("is {}, more than {}", x.dump(), schema["maximum"].dump()));
      }
    }
    if (x.is_string()) {
      const auto text = x.get<std::string>();
      if (schema.contains("minLength") && text.size() < schema["minLength"].get<std::size_t>()) {
        throw JsonError(at, "is too short");
      }
      if (schema.contains("pattern") &&
          !std::regex_search(text, std::regex(schema["pattern"].get<std::string>()))) {
        throw JsonError(at, fmt::format("is {}, which does not match {}", excerpt(x),
                                        schema["pattern"].dump()));
      }
    }
  }

  void check_object(const Json& x, const Json& schema, const std::string& at) const {
    for (const Json& key : schema.value("required", Json::array())) {
      if (!x.contains(key.get<std::string>())) {
        throw JsonError(at, fmt::format("lacks the field {}", key.dump()));
      }
    }
    for (const auto& [key, member] : x.items()) {
      if (const Json* of_member = schema_of_member(schema, key)) {
        check(member, *of_member, child_pointer(at, key));
      }
    }
  }

  void check_array(const Json& x, const Json& schema, const std::string& at) const {
    if (schema.contains("minItems") && x.size() < schema["minItems"].get<std::size_t>()) {
      throw JsonError(at, fmt::format("has {} elements, too few", x.size()));
    }
    if (schema.contains("maxItems") && x.size() > schema["maxItems"].get<std::size_t>()) {
      throw JsonError(at, fmt::format("has {} elements, too many", x.size()));
    }
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < x.size(); ++i) {
      check(x[i], schema["items"], child_pointer(at, i));
    }
  }

  // Enough of a value to recognise it in a message.
  static std::string excerpt(const Json& x) {
    constexpr std::size_t kLength = 60;
    std::string text = x.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= kLength ? text : text.substr(0, kLength) + "…";
  }

  const Json& root_;
};

class Taker {
 public:
  explicit Taker(const Json& root) : root_(root) {}

  void take(Json& x, const Json& schema, const std::string& at) {
    if (!schema.is_object()) return;
    if (schema.contains("$ref")) {
      take(x, root_.at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
    }
    if (x.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < x.size(); ++i) take(x[i], schema["items"], child_pointer(at, i));
    }
    if (!x.is_object()) return;
    if (!schema.contains("properties") && !schema.contains("additionalProperties")) return;
    std::vector<std::string> unknown;
    for (auto& [key, member] : x.items()) {
      if (const Json* of_member = schema_of_member(schema, key)) {
        take(member, *of_member, child_pointer(at, key));
      } else {
        unknown.push_back(key);
      }
    }
    for (const std::string& key : unknown) {
      found_.push_back({child_pointer(at, key), share(x[key])});
      x.erase(key);
      take_reason(x, key, at);
    }
  }

  std::vector<UnknownField> found() && { return std::move(found_); }

 private:
  void take_reason(Json& x, const std::string& key, const std::string& at) {
    const auto reasons = x.find("null_reasons");
    if (!found_.back().value->is_null() || reasons == x.end() || !reasons->is_object()) return;
    if (!reasons->contains(key)) return;
    found_.push_back(
        {child_pointer(child_pointer(at, "null_reasons"), key), share((*reasons)[key])});
    reasons->erase(key);
  }

  const Json& root_;
  std::vector<UnknownField> found_;
};

}  // namespace

std::vector<UnknownField> take_unknown_fields(Json& document, const Json& schema) {
  Taker taker(schema);
  taker.take(document, schema, "");
  return std::move(taker).found();
}

void check_schema(const Json& document, const Json& schema) {
  Checker(schema).check(document, schema, "");
}

}  // namespace moat
