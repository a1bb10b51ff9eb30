// Checks JSON against a JSON Schema (draft 2020-12), as far as this project's schema uses it.
#pragma once

#include "bench/record/strict_json.hpp"

namespace moat {

// Throws JsonError at the first place of `document` that `schema` does not allow. Keywords: type,
// const, enum, minimum, exclusiveMinimum, pattern, required, properties, additionalProperties,
// items, minItems, maxItems, minLength, $ref into #/$defs and annotations; any other is a
// std::invalid_argument, so that no constraint passes unseen.
void check_schema(const Json& document, const Json& schema);

}  // namespace moat
