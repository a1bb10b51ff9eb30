#include "bench/record/schema.hpp"

#include <gtest/gtest.h>

#include "bench/record/record.hpp"

namespace moat {
namespace {

std::string place(const Json& document, const Json& schema) {
  try {
    check_schema(document, schema);
    return "fits";
  } catch (const JsonError& e) {
    return e.pointer();
  }
}

TEST(Schema, ChecksTypes) {
  EXPECT_EQ(place(1, {{"type", "integer"}}), "fits");
  // As strict as its readers, whose integers come without a point.
  EXPECT_EQ(place(1.0, {{"type", "integer"}}), "");
  EXPECT_EQ(place(1.5, {{"type", "integer"}}), "");
  EXPECT_EQ(place(nullptr, {{"type", {"string", "null"}}}), "fits");
  EXPECT_EQ(place(false, {{"type", {"string", "null"}}}), "");
}

TEST(Schema, FollowsReferencesToTheNestedPlace) {
  const Json schema = parse_strict(R"({
    "$defs": {"size": {"type": "integer", "minimum": 1}},
    "type": "object", "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/size"}}
  })");
  EXPECT_EQ(place(parse_strict(R"({"a": [1, 2]})"), schema), "fits");
  EXPECT_EQ(place(parse_strict(R"({"a": [1, 0]})"), schema), "/a/1");
}

TEST(Schema, AnUnknownKeywordIsNotPassedOver) {
  EXPECT_THROW(check_schema(1, {{"multipleOf", 2}}), std::invalid_argument);
  EXPECT_THROW(check_schema(1, {{"type", "float"}}), std::invalid_argument);
}

TEST(Schema, OfTheRecordUsesOnlyKnownKeywords) {
  const Json schema = parse_strict(record_schema());
  for (const auto& [name, definition] : schema["$defs"].items()) {
    Json rooted = definition;
    rooted["$defs"] = schema["$defs"];
    EXPECT_THROW(check_schema("no object", rooted), JsonError) << name;
  }
}

}  // namespace
}  // namespace moat
