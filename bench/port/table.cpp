// SPDX-License-Identifier: Apache-2.0
#include "bench/port/table.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/port/document.hpp"
#include "bench/port/evidence.hpp"
#include "bench/port/port_command.hpp"
#include "bench/port/record.hpp"

namespace moat {
namespace {

// 12 or 12.5
std::string lines_text(const Json& n) {
  return n.is_number_integer() ? fmt::format("{}", n.get<long>())
                               : fmt::format("{:.1f}", n.get<double>());
}

// "22/737   3.0 %": added ÷ lines.
std::string fraction(const Json& counts) {
  const std::string text =
      fmt::format("{}/{}", lines_text(counts.at("added")), lines_text(counts.at("lines")));
  if (!counts.contains("changed")) return fmt::format("{:>15}        ", text);
  return fmt::format("{:>15} {:>5.1f} %", text, 100 * counts.at("changed").get<double>());
}

// The fractions of a kernel's parts, in the order of part_titles().
std::string part_fractions(const Json& counts) {
  return fraction(counts.at("kernel")) + fraction(counts.at("problem")) +
         fraction(counts.at("layer"));
}
std::string part_titles() {
  return fmt::format("{:>22} {:>22} {:>22}", "kernel lines", "problem lines", "layer lines");
}

std::string outcomes(const Json& counts) {
  std::string text;
  for (const char* outcome : {"passed", "failed", "skipped"}) {
    const int n = counts.at(outcome).get<int>();
    if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, outcome);
  }
  return "(" + text + ")";
}

// "machine code interpreted (9 passed), device (2 skipped), emulated (156 passed)": what is proved,
// and the tests of the other rungs.
std::string tests_text(const std::string& name, const Json& port) {
  auto proved = port.at("executed").get<std::string>();
  if (port.at("tests").is_null()) return proved;
  const std::string executed = proved;
  std::string others;
  for (const Rung rung : kRungs) {
    const auto counts = port.at("tests").find(key_of(rung));
    if (counts == port.at("tests").end()) continue;
    if (executed_text(backend_of(name), rung) == executed) {
      proved += " " + outcomes(*counts);
    } else {
      others += fmt::format(", {} {}", name_of(rung), outcomes(*counts));
    }
  }
  return proved + others;
}

// A row per family, of one kernel or of all.
void add_families(const Json& record, const std::string& kernel, std::string& out) {
  for (const auto& [name, family] : record.at("families").items()) {
    if (family.is_null() || family.at("kernels").is_null()) continue;
    const Json& kernels = family.at("kernels");
    if (!kernels.contains(kernel)) continue;
    const Json& counts = kernels.at(kernel);
    out += fmt::format("{:<14}{:<12}{}{}{:>8}  {}\n", name, kernel, part_fractions(counts),
                       fraction(counts.at("total")), lines_text(counts.at("total").at("unused")),
                       fmt::format("{}executed: {}", name == kBaselineFamily ? "(baseline) " : "",
                                   tests_text(name, family)));
  }
}

// What the families' rows say, and the rows; nothing where no family was counted.
std::string family_table(const Json& record) {
  std::string rows;
  add_families(record, kAll, rows);
  if (rows.empty()) return "";
  return fmt::format(
             "\nLines changed per architecture family: lines that its kernels and its backend's "
             "runtime compile and {}'s do not / all\n",
             kBaselineFamily) +
         fmt::format("{:<14}{:<12}{} {:>22}{:>9}\n", "family", "kernel", part_titles(), "all lines",
                     "unused") +
         rows;
}

void add_total(const std::string& name, const std::string& whole, const Json& kernels,
               std::string& out) {
  if (!kernels.contains(whole)) return;
  const Json& counts = kernels.at(whole);
  out += fmt::format("{:<6}{:<12}{}{:23}{}{:>8}\n", name, whole, part_fractions(counts), "",
                     fraction(counts.at("total")), lines_text(counts.at("total").at("unused")));
}

void add_port(const std::string& name, const Json& port, std::string& out) {
  const Json& kernels = port.at("kernels");
  for (const auto& [kernel, counts] : kernels.items()) {
    if (kernel == kAll || kernel == kRuntime) continue;
    out += fmt::format("{:<6}{:<12}{}{}{}{:>8}\n", name, kernel, part_fractions(counts),
                       fraction(counts.at("layer_share")), fraction(counts.at("total")),
                       lines_text(counts.at("total").at("unused")));
  }
  for (const char* whole : {kRuntime, kAll}) add_total(name, whole, kernels, out);
}

std::string head(const std::string& baseline) {
  return fmt::format(
             "Lines changed per port: lines that its build compiles and {}'s does not / all that "
             "it compiles\n",
             baseline) +
         fmt::format("{:<6}{:<12}{} {:>22} {:>22}{:>9}\n", "port", "kernel", part_titles(),
                     "layer shared out", "all lines", "unused");
}

// Calls f(name, port) for the ports that were counted and are compared.
template <class F>
void for_each_port(const Json& record, F f) {
  for (const auto& [name, port] : record.at("ports").items()) {
    if (name != record.at("baseline") && !port.is_null() && !port.at("kernels").is_null()) {
      f(name, port);
    }
  }
}

std::string not_counted(const Json& record, const std::string& name) {
  return fmt::format(
      "{}: not counted: {}\n", name,
      record.at("null_reasons").value(pointer_to(name), std::string("no reason given")));
}

}  // namespace

std::string porting_table(const Json& record) {
  std::string out;
  const Json& ports = record.at("ports");
  const auto baseline = record.at("baseline").get<std::string>();
  out += head(baseline);
  for_each_port(record,
                [&](const std::string& name, const Json& port) { add_port(name, port, out); });
  for (const auto& [name, port] : ports.items()) {
    if (port.is_null()) {
      out += not_counted(record, name);
      continue;
    }
    const auto targets = port.at("targets").get<std::vector<std::string>>();
    out += fmt::format("{}{}: {} lines, compiled for {}; executed: {}{}\n", name,
                       name == baseline ? " (baseline)" : "", port.at("lines").get<int>(),
                       fmt::join(targets, ", "), tests_text(name, port),
                       port.at("origin") == "this build" ? "" : "; from the committed record");
    for (const auto& [file, count] : port.at("other").items()) {
      out += fmt::format("  {} lines outside kernels/, problems/ and backends/: {}\n", count.dump(),
                         file);
    }
  }
  std::string means;
  for (const auto& [kernel, d] : record.at("divergence").items()) {
    if (d.at("mean").is_null()) continue;
    means +=
        fmt::format("{}{} {:.3f}", means.empty() ? "" : ", ", kernel, d.at("mean").get<double>());
  }
  if (!means.empty()) {
    out += fmt::format("code divergence (mean Jaccard distance of all pairs): {}\n", means);
  }
  out += family_table(record);
  for (const auto& [name, family] : record.at("families").items()) {
    // A backend without counts said why already.
    if (!family.is_null() || record.at("ports").value(backend_of(name), Json()).is_null()) continue;
    out += not_counted(record, name);
  }
  return out;
}

std::string porting_summary(const Json& record) {
  std::string counted;
  for_each_port(record, [&](const std::string& name, const Json& port) {
    const Json& kernels = port.at("kernels");
    if (!kernels.contains(kAll)) return;
    const Json& total = kernels.at(kAll).at("total");
    counted += fmt::format("{}{} {} of {}", counted.empty() ? "" : ", ", name,
                           lines_text(total.at("added")), lines_text(total.at("lines")));
  });
  for (const auto& [name, port] : record.at("ports").items()) {
    if (!port.is_null()) continue;
    counted += fmt::format("{}{} not counted", counted.empty() ? "" : ", ", name);
  }
  return fmt::format("lines changed per port: {}; moat port tells which\n",
                     counted.empty() ? "none counted" : counted);
}

std::string porting_markdown(const Json& document) {
  // "607 of 3795, 16.0 %"
  const auto share = [](const Json& counts) {
    std::string text =
        fmt::format("{} of {}", lines_text(counts.at("added")), lines_text(counts.at("lines")));
    if (counts.contains("changed")) {
      text += fmt::format(", {:.1f} %", 100 * counts.at("changed").get<double>());
    }
    return text;
  };
  std::string out =
      "| port or family | kernel lines changed | problem lines | layer lines | all lines "
      "| executed |\n"
      "| --- | ---: | ---: | ---: | ---: | --- |\n";
  std::string notes;
  for (const std::string& name : port_names(document)) {
    const Json& port = port_in(document, name);
    if (port.is_null() || port.at("kernels").is_null()) {
      out += fmt::format("| {} | – | – | – | – | not counted |\n", name);
      notes += fmt::format("\n`{}` was not counted: `moat port` says why.\n", name);
      continue;
    }
    const Json& all = port.at("kernels").at(kAll);
    if (name == baseline_of(name)) {
      out += fmt::format("| {} | baseline | {} lines | {} lines | {} lines | {} |\n", name,
                         lines_text(all.at("problem").at("lines")),
                         lines_text(all.at("layer").at("lines")),
                         lines_text(all.at("total").at("lines")), tests_text(name, port));
      continue;
    }
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, share(all.at("kernel")),
                       share(all.at("problem")), share(all.at("layer")), share(all.at("total")),
                       tests_text(name, port));
  }
  return out + notes;
}

std::string porting_csv(const Json& record) {
  std::string out = "port,kernel,part,shared,added,unused,lines,changed\n";
  for (const char* member : {"ports", "families"}) {
    for (const auto& [name, port] : record.at(member).items()) {
      if (port.is_null() || port.at("kernels").is_null()) continue;
      for (const auto& [kernel, parts] : port.at("kernels").items()) {
        for (const auto& [part, c] : parts.items()) {
          out += fmt::format("{},{},{},{},{},{},{},{}\n", name, kernel, part, c.at("shared").dump(),
                             c.at("added").dump(), c.at("unused").dump(), c.at("lines").dump(),
                             c.contains("changed") ? c.at("changed").dump() : "");
        }
      }
    }
  }
  return out;
}

}  // namespace moat
