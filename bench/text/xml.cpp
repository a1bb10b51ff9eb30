// SPDX-License-Identifier: Apache-2.0
#include "bench/text/xml.hpp"

namespace moat {

std::string escape_xml(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // U+FFFE and U+FFFF are no characters of XML either.
    const std::string_view next = text.substr(i, 3);
    if (next == "\xef\xbf\xbe" || next == "\xef\xbf\xbf") {
      result += ' ';
      i += 2;
      continue;
    }
    const char c = text[i];
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        // XML 1.0 has no other control characters, not even escaped.
        if (static_cast<unsigned char>(c) >= 0x20) {
          result += c;
        } else {
          result += c == '\n' ? "&#10;" : " ";
        }
    }
  }
  return result;
}

}  // namespace moat
