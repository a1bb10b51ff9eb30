#include "bench/compare/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/record/strict_json.hpp"
#include "bench/run/grid.hpp"
#include "bench/run/quantity.hpp"

namespace moat {
namespace {

std::string change(double ratio) { return fmt::format("{:+.1f} %", 100 * (ratio - 1)); }

std::string interval(const RatioEstimate& r) {
  return fmt::format("{:+.1f} … {:+.1f} %", 100 * (r.lower - 1), 100 * (r.upper - 1));
}

// Text of a record in a cell: one line, and in Markdown no markup.
std::string cell_text(std::string_view text, bool markdown) {
  std::string result;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      result += ' ';
    } else if (markdown && (c == '<' || c == '>' || c == '&')) {
      result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

bool fails_gate(const CaseComparison& c) {
  return c.gated && (c.verdict == Verdict::slower || c.broken || c.only_base ||
                     c.verdict == Verdict::incomparable);
}

std::string explanation(const CaseComparison& c) {
  std::string text(name_of(c.verdict));
  if (c.ratio && c.verdict != Verdict::inconclusive) {
    text += fmt::format(": {} ({}), {} → {}", change(c.ratio->ratio), interval(*c.ratio),
                        format_seconds(*c.base_seconds), format_seconds(*c.new_seconds));
  } else if (c.ratio) {
    text += fmt::format(": {} ({}); {}", change(c.ratio->ratio), interval(*c.ratio), c.reason);
  } else if (!c.reason.empty()) {
    text += ": " + c.reason;
  }
  return text;
}

std::string floor_text(const Comparison& comparison) {
  if (!comparison.floor) return "noise floor: unknown, no series has 8 samples";
  return fmt::format(
      "noise floor {:.1f} %: 95 % of {} comparisons of equal code within these records differ by "
      "less",
      100 * *comparison.floor, comparison.differences);
}

std::string summary(const Comparison& comparison) {
  return fmt::format("base: {}\nnew:  {}\n", comparison.base, comparison.now);
}

std::string pairing(const Comparison& comparison) {
  const auto paired = std::ranges::count(comparison.cases, true, &CaseComparison::paired);
  if (paired == 0) return "";
  return fmt::format("{} cases were sampled in turns (--ab): their ratio is that of each round\n",
                     paired);
}

std::string table(const Comparison& comparison, CompareFormat format, bool color) {
  const std::vector<Column> columns = {{.title = "case", .align = Align::left},
                                       {.title = "by", .align = Align::left},
                                       {.title = "base"},
                                       {.title = "new"},
                                       {.title = "time"},
                                       {.title = "95 % interval"},
                                       {.title = "verdict", .align = Align::left}};
  std::vector<Row> rows;
  std::string kernel;
  for (const auto& c : comparison.cases) {
    if (c.kernel != kernel) {
      std::vector<std::string> cells(columns.size());
      cells[0] = kernel = c.kernel;
      rows.push_back({std::move(cells), true, false});
    }
    const std::string shape =
        c.problem.starts_with(c.kernel + "/") ? c.problem.substr(c.kernel.size() + 1) : c.problem;
    std::string verdict(name_of(c.verdict));
    if (!c.reason.empty()) {
      verdict += ": " + cell_text(c.reason, format == CompareFormat::markdown);
    }
    if (!c.gated && c.ratio) verdict += " (library)";
    rows.push_back(
        {{"  " + shape, c.backend + "/" + c.implementation,
          c.base_seconds ? format_seconds(*c.base_seconds) : "–",
          c.new_seconds ? format_seconds(*c.new_seconds) : "–",
          c.ratio ? change(c.ratio->ratio) : "–", c.ratio ? interval(*c.ratio) : "–", verdict},
         false,
         fails_gate(c) || (c.gated && c.verdict == Verdict::slower)});
  }
  const std::string counts = fmt::format("{} (threshold {:.3g} %)", verdict_counts(comparison),
                                         100 * comparison.threshold);
  if (format == CompareFormat::markdown) {
    for (Row& row : rows) {
      if (row.wrong) row.cells.back() = "**" + row.cells.back() + "**";
    }
    return fmt::format("**{}**\n\n{}\n{}{}\n\n`base` {}, `new` {}\n", counts,
                       markdown_grid(columns, rows), pairing(comparison), floor_text(comparison),
                       comparison.base, comparison.now);
  }
  return summary(comparison) + '\n' + plain_grid(columns, rows, color) + '\n' +
         pairing(comparison) + floor_text(comparison) + '\n' + counts + '\n';
}

Json number(const std::optional<double>& x) { return x ? Json(*x) : Json(); }

Json to_json(const RatioEstimate& r) {
  return {{"ratio", r.ratio}, {"lower", r.lower}, {"upper", r.upper}};
}

Json to_json(const std::optional<RatioEstimate>& r) { return r ? to_json(*r) : Json(); }

std::string to_json_text(const Comparison& comparison, bool gate) {
  Json cases = Json::array();
  for (const auto& c : comparison.cases) {
    cases.push_back({{"name", c.name},
                     {"verdict", name_of(c.verdict)},
                     {"reason", c.reason},
                     {"fails_gate", gate && fails_gate(c)},
                     {"judged", c.gated},
                     {"paired", c.paired},
                     {"base_seconds", number(c.base_seconds)},
                     {"new_seconds", number(c.new_seconds)},
                     {"base_samples", c.base_samples},
                     {"new_samples", c.new_samples},
                     {"time", to_json(c.ratio)}});
  }
  Json counts = Json::object();
  for (const Verdict v : kVerdicts) counts[std::string(name_of(v))] = comparison.count(v);
  return dump_strict({{"schema", "moat-comparison"},
                      {"version", 1},
                      {"base", comparison.base},
                      {"new", comparison.now},
                      {"gate", gate},
                      {"threshold", comparison.threshold},
                      {"noise_floor", number(comparison.floor)},
                      {"counts", counts},
                      {"cases", cases}});
}

std::string escape_xml(std::string_view text) {
  std::string result;
  for (const char c : text) {
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

std::string to_junit(const Comparison& comparison, bool gate) {
  std::string cases;
  int failures = 0;
  int skipped = 0;
  for (const auto& c : comparison.cases) {
    const std::string text = escape_xml(explanation(c));
    cases += fmt::format(R"(  <testcase classname="moat.{}" name="{}" time="{:.9g}">)",
                         escape_xml(c.kernel), escape_xml(c.name), c.new_seconds.value_or(0));
    if (gate && fails_gate(c)) {
      ++failures;
      cases += fmt::format(R"(<failure type="{}" message="{}"/>)", name_of(c.verdict), text);
    } else if (c.verdict >= Verdict::inconclusive) {
      ++skipped;
      cases += fmt::format(R"(<skipped message="{}"/>)", text);
    } else {
      cases += fmt::format("<system-out>{}</system-out>", text);
    }
    cases += "</testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"moat compare\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{}"
      "</testsuite>\n",
      comparison.cases.size(), failures, skipped, cases);
}

// Workflow commands of GitHub Actions: data escapes % and line ends, properties : and , too.
std::string escape_github(std::string_view text, bool property) {
  std::string result;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result;
}

std::string to_github(const Comparison& comparison, bool gate) {
  std::string text;
  for (const auto& c : comparison.cases) {
    const bool bad = fails_gate(c);
    if (!bad && !(c.gated && c.verdict == Verdict::inconclusive)) continue;
    const char* level = bad && gate ? "error" : bad ? "warning" : "notice";
    text += fmt::format("::{} title={}::{}\n", level, escape_github(c.name, true),
                        escape_github(explanation(c), false));
  }
  return text +
         fmt::format(
             "::notice title=moat compare::{}\n",
             escape_github(fmt::format("{} (threshold {:.3g} %, {})", verdict_counts(comparison),
                                       100 * comparison.threshold, floor_text(comparison)),
                           false));
}

std::string speed(const RatioEstimate& r) {
  return fmt::format("{} ({}–{})", three_digits(r.ratio), three_digits(r.lower),
                     three_digits(r.upper));
}

std::string across_json(const Across& across) {
  Json devices = Json::array();
  for (const auto& d : across.devices)
    devices.push_back({{"backend", d.backend}, {"name", d.name}});
  const auto list = [](const auto& values) {
    Json array = Json::array();
    for (const auto& v : values) array.push_back(to_json(v));
    return array;
  };
  Json means = Json::array();
  for (const auto& m : across.means) {
    means.push_back({{"kernel", m.kernel},
                     {"speed", list(m.speed)},
                     {"cases", m.cases},
                     {"problems", m.problems}});
  }
  Json cases = Json::array();
  for (const auto& c : across.cases) {
    Json seconds = Json::array();
    for (const auto& s : c.seconds) seconds.push_back(number(s));
    cases.push_back({{"problem", c.problem},
                     {"seconds", seconds},
                     {"speed", list(c.speed)},
                     {"reasons", c.reason}});
  }
  return dump_strict({{"schema", "moat-across"},
                      {"version", 1},
                      {"devices", devices},
                      {"baseline", across.baseline},
                      {"means", means},
                      {"cases", cases}});
}

}  // namespace

std::string verdict_counts(const Comparison& comparison) {
  std::string text;
  for (const Verdict v : kVerdicts) {
    if (const int n = comparison.count(v); n > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name_of(v));
    }
  }
  return text;
}

std::string format_comparison(const Comparison& comparison, CompareFormat format, bool gate,
                              bool color) {
  switch (format) {
    case CompareFormat::json:
      return to_json_text(comparison, gate);
    case CompareFormat::junit:
      return to_junit(comparison, gate);
    case CompareFormat::github:
      return to_github(comparison, gate);
    case CompareFormat::table:
    case CompareFormat::markdown:
      break;
  }
  return table(comparison, format, color);
}

std::string format_across(const Across& across, CompareFormat format, bool color) {
  if (format == CompareFormat::json) return across_json(across);
  std::vector<Column> columns = {{.title = "speed", .align = Align::left}};
  for (std::size_t d = 0; d < across.devices.size(); ++d) {
    columns.push_back({.title = across.devices[d].text() + (d == across.baseline ? " (= 1)" : "")});
  }
  std::vector<Row> rows;
  for (const auto& m : across.means) {
    Row row{.cells = {m.kernel}, .heading = m.kernel == "all", .wrong = false};
    for (std::size_t d = 0; d < across.devices.size(); ++d) {
      std::string cell = m.speed[d] ? speed(*m.speed[d]) : "–";
      if (m.cases[d] < m.problems) cell += fmt::format(" [{} of {}]", m.cases[d], m.problems);
      row.cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::string> heading(columns.size());
  heading[0] = "problems";
  rows.push_back({std::move(heading), true, false});
  for (const auto& c : across.cases) {
    Row row{.cells = {"  " + c.problem}, .heading = false, .wrong = false};
    for (std::size_t d = 0; d < across.devices.size(); ++d) {
      row.cells.push_back(c.speed[d]     ? speed(*c.speed[d])
                          : c.seconds[d] ? format_seconds(*c.seconds[d])
                                         : "none: " + c.reason[d]);
    }
    rows.push_back(std::move(row));
  }
  const std::string note =
      "speed: the baseline's time ÷ the device's, with its 95 % interval; above 1 the device is "
      "faster.\nKernels: geometric mean over the problems that both solved [n of all problems].\n";
  return (format == CompareFormat::markdown ? markdown_grid(columns, rows)
                                            : plain_grid(columns, rows, color)) +
         '\n' + note;
}

}  // namespace moat
