// SPDX-License-Identifier: Apache-2.0
#include "bench/report/page.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "bench/text/quantity.hpp"
#include "bench/text/xml.hpp"

// The files of page/ and the bundle, as the build found them.
#define MOAT_EMBED(name, file)                                                            \
  asm(".section .rodata\n.global moat_" #name "\n.global moat_" #name "_end\nmoat_" #name \
      ":\n.incbin \"" file "\"\nmoat_" #name "_end:\n.byte 0\n.previous\n");              \
  extern "C" const char moat_##name[];                                                    \
  extern "C" const char moat_##name##_end[];
MOAT_EMBED(page_html, MOAT_PAGE_DIR "/page.html")
MOAT_EMBED(page_css, MOAT_PAGE_DIR "/style.css")
MOAT_EMBED(page_js, MOAT_PAGE_DIR "/page.js")
MOAT_EMBED(page_charts, MOAT_CHARTS)
MOAT_EMBED(page_notices, MOAT_NOTICES)

namespace moat {
namespace {

// "</script" and "<!--" end or change a script element wherever they stand.
std::string escape_json(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

// The licences of the chart library, which must go with it; nothing without one.
std::string notices() {
  const std::string_view texts(moat_page_notices,
                               static_cast<std::size_t>(moat_page_notices_end - moat_page_notices));
  if (texts.empty()) return "";
  std::string html =
      "<footer><details id=\"notices\"><summary>Licences of the software in this "
      "file</summary>\n<pre>";
  for (const char c : texts) {
    if (c == '<') {
      html += "&lt;";
    } else if (c == '&') {
      html += "&amp;";
    } else {
      html += c;
    }
  }
  return html + "</pre>\n</details></footer>";
}

// The summary's sentences, for viewers that run no script.
std::string sentences(const Json& summary) {
  std::string html;
  for (const Json& s : summary) {
    const std::string lead = s["lead"].get<std::string>();
    html += s["bad"].get<bool>() ? "<li class=\"bad\">" : "<li>";
    if (!lead.empty()) html += "<strong>" + escape_xml(lead) + ": </strong>";
    html += escape_xml(s["text"].get<std::string>()) + "</li>\n";
  }
  return html;
}

// Likewise the devices: what was verified, and the means.
std::string devices(const Json& all) {
  if (all.empty()) return "";
  const auto mean = [](const Json& value, const Json& count, const auto& show) {
    return value.is_null() ? "–" : fmt::format("{} ({})", show(value.get<double>()), count.dump());
  };
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>device</th><th class=\"n\">cases verified</th>"
      "<th class=\"n\">speed, baseline = 1 (problems)</th>"
      "<th class=\"n\">share of own ceilings (problems)</th>"
      "<th class=\"n\">speed ÷ fastest library (problems)</th></tr></thead><tbody>\n";
  for (const Json& d : all) {
    html += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        escape_xml(d["device"].get<std::string>()), d["verified"].dump(), d["asked"].dump(),
        mean(d["speed"], d["common"], three_digits), mean(d["share"], d["shares"], percent),
        mean(d["ratio"], d["ratios"], three_digits));
  }
  return html + "</tbody></table></div>\n";
}

std::string_view charts() {
  return {moat_page_charts, static_cast<std::size_t>(moat_page_charts_end - moat_page_charts)};
}

}  // namespace

bool has_charts() { return !charts().empty(); }

std::string report_page(const Json& data) {
  const std::string_view page(moat_page_html,
                              static_cast<std::size_t>(moat_page_html_end - moat_page_html));
  const std::string json = escape_json(data.dump());
  std::string text;
  text.reserve(page.size() + json.size() + charts().size() + (std::size_t{1} << 16));
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t mark = page.find('@', at);
    text += page.substr(at, mark == std::string_view::npos ? mark : mark - at);
    if (mark == std::string_view::npos) break;
    const std::size_t end = page.find('@', mark + 1);
    const std::string_view name = page.substr(mark + 1, end - mark - 1);
    if (name == "STYLE") {
      text.append(moat_page_css, moat_page_css_end);
    } else if (name == "SCRIPT") {
      text.append(moat_page_js, moat_page_js_end);
    } else if (name == "CHARTS") {
      text += charts();
    } else if (name == "SENTENCES") {
      text += sentences(data.value("summary", Json::array()));
    } else if (name == "DEVICES") {
      text += devices(data.value("devices", Json::array()));
    } else if (name == "NOTICES") {
      text += notices();
    } else if (name == "DATA") {
      text += json;
    } else {
      throw std::logic_error("page.html: unknown mark");
    }
    at = end + 1;
  }
  return text;
}

}  // namespace moat
