// SPDX-License-Identifier: Apache-2.0
// Checks JSON against a JSON Schema (draft 2020-12), as far as this project's schema uses it.
#pragma once

#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

// Throws JsonError at the first place of `document` that `schema` does not allow. Keywords: type,
// const, enum, minimum, maximum, exclusiveMinimum, pattern, required, properties,
// additionalProperties, items, minItems, maxItems, minLength, $ref into #/$defs and annotations;
// any other is a std::invalid_argument, so that no constraint passes unseen.
void check_schema(const Json& document, const Json& schema);

// A field that a schema does not know, and its place as a JSON pointer.
struct UnknownField {
  std::string pointer;
  JsonDocument value;
};

// Takes out of `document` the fields that `schema` does not know: those beside the `properties` and
// `patternProperties` of an object that says nothing of additionalProperties. With an unknown null
// goes its reason in null_reasons. The order is that of the document, a reason right behind its
// null.
std::vector<UnknownField> take_unknown_fields(Json& document, const Json& schema);

}  // namespace moat
