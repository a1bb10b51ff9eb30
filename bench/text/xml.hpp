// SPDX-License-Identifier: Apache-2.0
// Text in XML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace moat {

// Text of an element or attribute: no markup, and blanks for what is no character of XML 1.0.
std::string escape_xml(std::string_view text);

}  // namespace moat
