// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/record/strict_json.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"
#include "bench/text/xml.hpp"

namespace moat {
namespace {

std::string change(double ratio) { return fmt::format("{:+.1f} %", 100 * (ratio - 1)); }

std::string interval(const RatioEstimate& r) {
  return fmt::format("{:+.1f} … {:+.1f} %", 100 * (r.lower - 1), 100 * (r.upper - 1));
}

// Text of a record in a cell: in Markdown no markup.
std::string cell_text(std::string_view text, bool markdown) {
  std::string result;
  for (const char c : text) {
    if (markdown && (c == '<' || c == '>' || c == '&')) {
      result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
    } else {
      result += c;
    }
  }
  return result;
}

std::string explanation(const CaseComparison& c) {
  std::string text(name_of(c.verdict));
  if (c.ratio && c.reason.empty()) {
    text += fmt::format(": {} ({})", change(c.ratio->ratio), interval(*c.ratio));
    if (c.base_seconds && c.new_seconds) {
      text +=
          fmt::format(", {} → {}", format_seconds(*c.base_seconds), format_seconds(*c.new_seconds));
    }
  } else if (c.ratio) {
    text += fmt::format(": {} ({}); {}", change(c.ratio->ratio), interval(*c.ratio), c.reason);
  } else if (!c.reason.empty()) {
    text += ": " + c.reason;
  }
  return text;
}

std::string floor_text(const Comparison& comparison) {
  if (!comparison.floor) {
    return fmt::format("noise floor: unknown, no series that can be compared has {} samples",
                       kFewestSamples);
  }
  return fmt::format(
      "noise floor {:.1f} %: 95 % of {} comparisons of equal code within these records differ by "
      "less",
      100 * *comparison.floor, comparison.differences);
}

// A gate gives its reasons itself; without one, that a run is not complete is a warning.
std::vector<std::string> warnings_of(const Comparison& comparison,
                                     const std::optional<Gate>& gate) {
  std::vector<std::string> warnings = comparison.warnings;
  for (const auto& run : comparison.unfinished) {
    if (!gate || std::ranges::find(gate->reasons, run) == gate->reasons.end()) {
      warnings.push_back(run);
    }
  }
  return warnings;
}

std::string warnings_text(const std::vector<std::string>& warnings, const char* end = "") {
  std::string text;
  for (const auto& w : warnings) text += fmt::format("warning: {}\n{}", one_line(w), end);
  return text;
}

std::string summary(const Comparison& comparison, const std::optional<Gate>& gate) {
  return fmt::format("{}base: {}\nnew:  {}\n", warnings_text(warnings_of(comparison, gate)),
                     comparison.base, comparison.now);
}

std::string gate_name(const Comparison& comparison) {
  return fmt::format("gate {:.3g} %", 100 * comparison.threshold);
}

// "gate 5 %: passed; the slowest of 4 cases is sum/f32/n1000/cpu/moat: +0.3 % (-0.2 … +0.9 %)"
std::string gate_text(const Comparison& comparison, const std::optional<Gate>& gate) {
  if (!gate) return "";
  std::string text = fmt::format("{}: {}", gate_name(comparison), gate->verdict);
  if (!gate->passed()) return text;
  const CaseComparison* slowest = nullptr;
  int judged = 0;
  for (const auto& c : comparison.cases) {
    if (!c.gated || !c.ratio) continue;
    ++judged;
    if (slowest == nullptr || c.ratio->ratio > slowest->ratio->ratio) slowest = &c;
  }
  if (slowest == nullptr) return text;
  return text + fmt::format(
                    "; {} {}: {} ({})",
                    judged == 1 ? "its case is" : fmt::format("the slowest of {} cases is", judged),
                    slowest->name, change(slowest->ratio->ratio), interval(*slowest->ratio));
}

std::string pairing(const Comparison& comparison) {
  const auto paired = std::ranges::count(comparison.cases, true, &CaseComparison::paired);
  if (paired == 0) return "";
  return paired == 1
             ? "1 case was sampled in turns (--ab): its ratio is that of each round\n"
             : fmt::format(
                   "{} cases were sampled in turns (--ab): their ratio is that of each round\n",
                   paired);
}

// What an interval of two processes' samples does not hold.
std::string single_runs_text(const Comparison& comparison) {
  return comparison.single_runs
             ? "\nnote: one run on either side: processes of one binary differ by percents where "
               "memory binds, which\n      no interval here holds; compare folders of several "
               "runs, or take turns with moat run --ab"
             : "";
}

// More cases than these that are incomparable, as all are of records of two devices, have a line
// together.
constexpr std::ptrdiff_t kFewIncomparable = 3;

std::ptrdiff_t incomparable(const Comparison& comparison) {
  return std::ranges::count(comparison.cases, Verdict::incomparable, &CaseComparison::verdict);
}

// "121 cases are incomparable, such as sum/f32/n1000/cpu/moat: …"
std::string incomparable_text(const Comparison& comparison, bool markdown) {
  const auto count = incomparable(comparison);
  if (count <= kFewIncomparable) return "";
  const auto first =
      std::ranges::find(comparison.cases, Verdict::incomparable, &CaseComparison::verdict);
  return fmt::format("{} cases are incomparable, such as {}: {}\n", count,
                     cell_text(first->name, markdown),
                     one_line(cell_text(first->reason, markdown)));
}

std::string table(const Comparison& comparison, CompareFormat format,
                  const std::optional<Gate>& gate, bool color) {
  const std::vector<Column> columns = {{.title = "case", .align = Align::left},
                                       {.title = "by", .align = Align::left},
                                       {.title = "base"},
                                       {.title = "new"},
                                       {.title = "time"},
                                       {.title = "95 % interval"},
                                       {.title = "verdict", .align = Align::left}};
  std::vector<Row> rows;
  const bool summed_up = incomparable(comparison) > kFewIncomparable;
  std::string kernel;
  for (const auto& c : comparison.cases) {
    if (c.verdict == Verdict::incomparable && summed_up) continue;
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
    return fmt::format(
        "{}**{}{}{}**\n\n{}\n{}{}\n\n`base` {}, `new` {}\n",
        warnings_text(warnings_of(comparison, gate), "\n"), gate_text(comparison, gate),
        gate ? "; " : "", counts, markdown_grid(columns, rows),
        incomparable_text(comparison, true) + pairing(comparison),
        floor_text(comparison) + single_runs_text(comparison), comparison.base, comparison.now);
  }
  return summary(comparison, gate) + '\n' + plain_grid(columns, rows, color) + '\n' +
         incomparable_text(comparison, false) + pairing(comparison) + floor_text(comparison) +
         single_runs_text(comparison) + '\n' + counts + '\n' +
         (gate ? gate_text(comparison, gate) + '\n' : "");
}

Json number(const std::optional<double>& x) { return x ? Json(*x) : Json(); }

Json to_json(const RatioEstimate& r) {
  return {{"ratio", r.ratio}, {"lower", r.lower}, {"upper", r.upper}};
}

Json to_json(const std::optional<RatioEstimate>& r) { return r ? to_json(*r) : Json(); }

std::string to_json_text(const Comparison& comparison, const std::optional<Gate>& gate) {
  Json cases = Json::array();
  for (const auto& c : comparison.cases) {
    cases.push_back({{"name", c.name},
                     {"verdict", name_of(c.verdict)},
                     {"reason", c.reason},
                     {"fails_gate", gate && fails_gate(c)},
                     {"undecided", c.undecided},
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
                      {"gate", gate.has_value()},
                      {"gate_verdict", gate ? Json(gate->verdict) : Json()},
                      {"gate_exit_code", gate ? Json(gate->exit_code) : Json()},
                      {"gate_reasons", gate ? gate->reasons : std::vector<std::string>()},
                      {"warnings", warnings_of(comparison, gate)},
                      {"threshold", comparison.threshold},
                      {"noise_floor", number(comparison.floor)},
                      {"counts", counts},
                      {"cases", cases}});
}

// Whether a gate was refused that would have judged the case by its ratio. What keeps a gate from
// passing whatever its threshold, such as a wrong result, stays as it is.
bool is_refused(const CaseComparison& c, const std::optional<Gate>& gate) {
  return gate && gate->refused() && c.gated && c.ratio.has_value();
}

// What keeps a gate from passing: "failure", or "error" where it could not be judged; "" if nothing
// does.
std::string junit_element(const CaseComparison& c, const std::optional<Gate>& gate) {
  if (!gate) return "";
  if (is_refused(c, gate) || c.undecided) return "error";
  return fails_gate(c) ? "failure" : "";
}

std::string to_junit(const Comparison& comparison, const std::optional<Gate>& gate) {
  std::string cases;
  std::size_t tests = comparison.cases.size();
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  for (const auto& c : comparison.cases) {
    const std::string text = escape_xml(explanation(c));
    cases += fmt::format(R"(  <testcase classname="moat.{}" name="{}" time="{:.9g}">)",
                         escape_xml(c.kernel), escape_xml(c.name), c.new_seconds.value_or(0));
    if (const std::string element = junit_element(c, gate); !element.empty()) {
      ++(element == "error" ? errors : failures);
      const bool refused = is_refused(c, gate);
      cases += fmt::format(R"(<{} type="{}" message="{}"/>)", element,
                           refused ? "refused" : name_of(c.verdict),
                           refused ? escape_xml(gate->verdict) : text);
    } else if (c.verdict >= Verdict::inconclusive) {
      ++skipped;
      cases += fmt::format(R"(<skipped message="{}"/>)", text);
    } else {
      cases += fmt::format("<system-out>{}</system-out>", text);
    }
    cases += "</testcase>\n";
  }
  for (const auto& reason : gate ? gate->reasons : std::vector<std::string>()) {
    ++tests;
    ++errors;
    cases += fmt::format(R"(  <testcase classname="moat" name="gate" time="0"><error type="gate" )"
                         "message=\"{}\"/></testcase>\n",
                         escape_xml(reason));
  }
  std::string warnings;
  for (const auto& w : warnings_of(comparison, gate)) {
    warnings += fmt::format("  <property name=\"warning\" value=\"{}\"/>\n", escape_xml(w));
  }
  if (!warnings.empty()) warnings = "  <properties>\n" + warnings + "  </properties>\n";
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"moat compare\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "skipped=\"{}\">\n{}{}</testsuite>\n",
      tests, failures, errors, skipped, warnings, cases);
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

std::string to_github(const Comparison& comparison, const std::optional<Gate>& gate) {
  std::string text;
  const auto annotate = [&](const char* level, const std::string& what) {
    text += fmt::format("::{} title=moat compare::{}\n", level, escape_github(what, false));
  };
  for (const auto& warning : warnings_of(comparison, gate)) annotate("warning", warning);
  if (gate && !gate->passed()) annotate("error", gate_text(comparison, gate));
  for (const auto& reason : gate ? gate->reasons : std::vector<std::string>()) {
    annotate("error", reason);
  }
  for (const auto& c : comparison.cases) {
    const bool bad = fails_gate(c);
    if (!bad && !(c.gated && c.verdict == Verdict::inconclusive)) continue;
    const bool judged = gate && !is_refused(c, gate);
    const char* level = bad && judged ? "error" : bad ? "warning" : "notice";
    text += fmt::format("::{} title={}::{}\n", level, escape_github(c.name, true),
                        escape_github(explanation(c), false));
  }
  annotate("notice", fmt::format("{} (threshold {:.3g} %, {})", verdict_counts(comparison),
                                 100 * comparison.threshold, floor_text(comparison)));
  return text;
}

std::string speed(const RatioEstimate& r) {
  return fmt::format("{} ({}–{})", three_digits(r.ratio), three_digits(r.lower),
                     three_digits(r.upper));
}

std::string across_json(const Across& across) {
  Json devices = Json::array();
  for (const auto& d : across.devices)
    devices.push_back({{"backend", d.backend}, {"name", d.name}, {"label", d.label}});
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
                      {"notes", across.notes},
                      {"unfinished", across.unfinished},
                      {"means", means},
                      {"cases", cases}});
}

std::string beside_json(const std::vector<RecordBeside>& records) {
  Json list = Json::array();
  for (const auto& record : records) {
    Json cases = Json::array();
    for (const auto& b : record.entries) {
      cases.push_back({{"problem", b.problem},
                       {"backend", b.backend},
                       {"device", b.device},
                       {"other", b.other},
                       {"seconds", number(b.seconds)},
                       {"speed", to_json(b.speed)},
                       {"samples", b.samples},
                       {"verdict", name_of(b.verdict)},
                       {"reason", b.reason}});
    }
    list.push_back({{"path", record.path},
                    {"warning", record.warning},
                    {"unfinished", record.unfinished},
                    {"cases", cases}});
  }
  return dump_strict({{"schema", "moat-libraries"}, {"version", 1}, {"records", list}});
}

}  // namespace

std::string verdict_counts(const Comparison& comparison) {
  std::string text;
  for (const bool ours : {true, false}) {
    std::string counts;
    for (const Verdict v : kVerdicts) {
      const auto n = std::ranges::count_if(comparison.cases, [&](const CaseComparison& c) {
        return c.verdict == v && c.gated == ours;
      });
      if (n > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", n, name_of(v));
    }
    if (counts.empty()) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ",
                        ours ? "" : "libraries and yardsticks: ", counts);
  }
  return text;
}

std::vector<std::string> why_not_passed(const Comparison& comparison, const Gate& gate) {
  std::vector<std::string> lines;
  // Why it was refused is its verdict.
  for (const auto& reason : gate.refused() ? std::vector<std::string>() : gate.reasons) {
    lines.push_back(one_line(fmt::format("{}: {}", gate_name(comparison), reason)));
  }
  for (const auto& c : comparison.cases) {
    if (!fails_gate(c) || is_refused(c, gate)) continue;
    // What too few samples seem to say is no number to report.
    const bool few = c.verdict == Verdict::too_few_samples;
    lines.push_back(
        one_line(few ? fmt::format("{}: {} has {}", gate_name(comparison), c.name, c.reason)
                     : fmt::format("{}: {} is {}", gate_name(comparison), c.name, explanation(c))));
  }
  return lines;
}

std::string format_comparison(const Comparison& comparison, CompareFormat format,
                              const std::optional<Gate>& gate, bool color) {
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
  return table(comparison, format, gate, color);
}

std::string format_across(const Across& across, CompareFormat format, bool color) {
  if (format == CompareFormat::json) return across_json(across);
  std::vector<Column> columns = {{.title = "speed", .align = Align::left}};
  for (std::size_t d = 0; d < across.devices.size(); ++d) {
    columns.push_back({.title = across.devices[d].label + (d == across.baseline ? " (= 1)" : "")});
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
      std::string cell = c.speed[d]     ? speed(*c.speed[d])
                         : c.seconds[d] ? format_seconds(*c.seconds[d])
                                        : "none";
      if (!c.speed[d] && !c.reason[d].empty()) cell += ": " + c.reason[d];
      row.cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(row));
  }
  std::string note;
  for (const auto& n : across.notes) note += fmt::format("note: {}\n", one_line(n));
  note +=
      "speed: the baseline's time ÷ the device's, with its 95 % interval; above 1 the device is "
      "faster.\nKernels: geometric mean over the problems that both solved [n of all problems], "
      "without those "
      "of too few\nsamples.\n";
  std::vector<std::string> warnings = across.unfinished;
  for (const auto& d : across.devices) {
    if (!d.warning.empty()) warnings.push_back(fmt::format("{}: {}", d.label, d.warning));
  }
  return format == CompareFormat::markdown
             ? warnings_text(warnings, "\n") + markdown_grid(columns, rows) + '\n' + note
             : warnings_text(warnings) + plain_grid(columns, rows, color) + '\n' + note;
}

std::string format_beside(const std::vector<RecordBeside>& records, CompareFormat format,
                          bool color) {
  if (format == CompareFormat::json) return beside_json(records);
  const std::vector<Column> columns = {{.title = "case", .align = Align::left},
                                       {.title = "on", .align = Align::left},
                                       {.title = "ours"},
                                       {.title = "speed ÷ other"},
                                       {.title = "other", .align = Align::left},
                                       {.title = "samples"},
                                       {.title = "ours is", .align = Align::left}};
  std::vector<Row> rows;
  std::vector<std::string> warnings;
  for (const auto& record : records) {
    for (const auto& warning : {record.warning, record.unfinished}) {
      if (!warning.empty()) warnings.push_back(record.path + ": " + warning);
    }
    if (records.size() > 1) {
      std::vector<std::string> heading(columns.size());
      heading[0] = record.path;
      rows.push_back({std::move(heading), true, false});
    }
    for (const auto& b : record.entries) {
      std::string verdict(name_of(b.verdict));
      if (!b.reason.empty()) {
        verdict += ": " + cell_text(b.reason, format == CompareFormat::markdown);
      }
      rows.push_back(
          {{b.problem, b.device > 0 ? fmt::format("{}:{}", b.backend, b.device) : b.backend,
            b.seconds ? format_seconds(*b.seconds) : "–", b.speed ? speed(*b.speed) : "–", b.other,
            std::to_string(b.samples), std::move(verdict)},
           false,
           false});
    }
  }
  const std::string note =
      "speed: the other's time ÷ ours, with its 95 % interval; above 1 ours is faster.\n";
  return format == CompareFormat::markdown
             ? warnings_text(warnings, "\n") + markdown_grid(columns, rows) + '\n' + note
             : warnings_text(warnings) + plain_grid(columns, rows, color) + '\n' + note;
}

}  // namespace moat
