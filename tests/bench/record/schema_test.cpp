// SPDX-License-Identifier: Apache-2.0
#include "bench/record/schema.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

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

TEST(Schema, HasLimitsOfNumbers) {
  const Json schema = {{"minimum", 1e-12}, {"maximum", 5}};
  EXPECT_EQ(place(5, schema), "fits");
  EXPECT_EQ(place(5.5, schema), "");
  EXPECT_EQ(place(1e-13, schema), "");
}

TEST(Schema, FollowsReferencesToTheNestedPlace) {
  const Json schema = parse_strict(R"({
    "$defs": {"size": {"type": "integer", "minimum": 1}},
    "type": "object", "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/size"}}
  })");
  EXPECT_EQ(place(parse_strict(R"({"a": [1, 2]})"), schema), "fits");
  EXPECT_EQ(place(parse_strict(R"({"a": [1, 0]})"), schema), "/a/1");
}

TEST(Schema, MembersFitTheirNameTheirPatternOrWhatIsLeft) {
  const Json schema = parse_strict(R"({
    "properties": {"flops": {"const": 1}},
    "patternProperties": {"^flops_[a-z0-9]+$": {"minimum": 2}}
  })");
  EXPECT_EQ(place(parse_strict(R"({"flops": 1, "flops_f32": 2, "other": 0})"), schema), "fits");
  EXPECT_EQ(place(parse_strict(R"({"flops": 2})"), schema), "/flops");
  EXPECT_EQ(place(parse_strict(R"({"flops_bf16": 1})"), schema), "/flops_bf16");
  Json document = parse_strict(R"({"flops_f32": 2, "flops_": 0})");
  const auto found = take_unknown_fields(document, schema);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pointer, "/flops_");
}

// A new element type of the table needs no other schema.
TEST(Schema, OfTheRecordNamesNoElementType) {
  const Json schema = parse_strict(record_schema());
  const Json of_dtype = schema.at("/$defs/case/properties/dtype"_json_pointer);
  EXPECT_EQ(place("e5m2", of_dtype), "fits");
  EXPECT_EQ(place("E5M2", of_dtype), "");
  Json ceilings = schema.at("/$defs/ceilings"_json_pointer);
  ceilings.erase("required");
  EXPECT_EQ(place({{"flops_e5m2", 1e12}}, ceilings), "fits");
  EXPECT_EQ(place({{"flops_e5m2", 0}}, ceilings), "/flops_e5m2");
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

TEST(Schema, OfTheRecordIsNamedAfterItsVersion) {
  const Json schema = parse_strict(record_schema());
  const std::string version = fmt::format("{}.{}", kRecordVersion, kRecordMinor);
  EXPECT_EQ(schema["$id"], "urn:moat:record:" + version);
  EXPECT_EQ(schema["title"], "Record of one run of Moat, version " + version);
  EXPECT_EQ(schema["properties"]["version"]["const"], kRecordVersion);
}

// Any validator reads records of newer minor versions, as moat does.
TEST(Schema, OfTheRecordClosesNoObject) {
  const std::function<void(const Json&, const std::string&)> visit = [&](const Json& x,
                                                                         const std::string& at) {
    if (x.is_object()) {
      EXPECT_NE(x.value("additionalProperties", Json()), Json(false)) << at;
    }
    if (!x.is_structured()) return;
    for (const auto& [key, member] : x.items()) visit(member, child_pointer(at, key));
  };
  visit(parse_strict(record_schema()), "");
}

TEST(Schema, UnknownFieldsAreTakenWithTheReasonsOfTheirNulls) {
  const Json schema = parse_strict(R"({
    "$defs": {"part": {"properties": {"b": {}}}},
    "properties": {"a": {"items": {"$ref": "#/$defs/part"}}, "null_reasons": {},
                   "open": {"properties": {"c": {}}, "additionalProperties": true}}
  })");
  Json document = parse_strict(R"({"a": [{"b": 1}, {"b": 2, "x/y": [3]}], "z": null, "w": 4,
    "open": {"c": 5, "d": 6}, "null_reasons": {"z": "why", "w": "no null"}})");
  const auto found = take_unknown_fields(document, schema);
  std::string text;
  for (const auto& [pointer, value] : found) text += pointer + "=" + value->dump() + " ";
  EXPECT_EQ(text, R"(/a/1/x~1y=[3] /z=null /null_reasons/z="why" /w=4 )");
  EXPECT_EQ(document.dump(), R"({"a":[{"b":1},{"b":2}],"open":{"c":5,"d":6},)"
                             R"("null_reasons":{"w":"no null"}})");
}

}  // namespace
}  // namespace moat
