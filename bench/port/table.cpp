#include "bench/port/table.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

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

std::string tests_text(const Json& port) {
  const auto where = port.at("executed").get<std::string>();
  if (port.at("tests").is_null()) return "executed: " + where;
  if (where == "not at all") return "executed: not at all (its tests were skipped or failed)";
  const Json& counts = port.at("tests").at(where);
  std::string text = fmt::format("executed: {} ({} tests passed, {} failed, {} skipped", where,
                                 counts.at("passed").get<int>(), counts.at("failed").get<int>(),
                                 counts.at("skipped").get<int>());
  return text + ")";
}

// A row per family, of one kernel or of all.
void add_families(const Json& record, const std::string& kernel, std::string& out) {
  for (const auto& [name, family] : record.at("families").items()) {
    if (family.is_null() || family.at("kernels").is_null()) continue;
    const Json& kernels = family.at("kernels");
    if (!kernels.contains(kernel)) continue;
    const Json& counts = kernels.at(kernel);
    out += fmt::format(
        "{:<14}{:<12}{}{}{}{:>8}  {}\n", name, kernel, fraction(counts.at("kernel")),
        fraction(counts.at("layer")), fraction(counts.at("total")),
        lines_text(counts.at("total").at("unused")),
        name == kBaselineFamily ? "(baseline) " + tests_text(family) : tests_text(family));
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
         fmt::format("{:<14}{:<12}{:>22} {:>22} {:>22}{:>9}\n", "family", "kernel", "kernel lines",
                     "layer lines", "all lines", "unused") +
         rows;
}

void add_port(const std::string& name, const Json& port, std::string& out) {
  const Json& kernels = port.at("kernels");
  for (const auto& [kernel, counts] : kernels.items()) {
    if (kernel == kAll || kernel == kRuntime) continue;
    out += fmt::format("{:<6}{:<12}{}{}{}{}{:>8}\n", name, kernel, fraction(counts.at("kernel")),
                       fraction(counts.at("layer")), fraction(counts.at("layer_share")),
                       fraction(counts.at("total")), lines_text(counts.at("total").at("unused")));
  }
  for (const char* whole : {kRuntime, kAll}) {
    if (!kernels.contains(whole)) continue;
    const Json& counts = kernels.at(whole);
    out += fmt::format("{:<6}{:<12}{}{}{:23}{}{:>8}\n", name, whole, fraction(counts.at("kernel")),
                       fraction(counts.at("layer")), "", fraction(counts.at("total")),
                       lines_text(counts.at("total").at("unused")));
  }
}

std::vector<std::string> file_lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void list_lines(const LineSet& set, char sign, const std::filesystem::path& root,
                std::string& out) {
  for (const auto& [file, numbers] : by_file(set)) {
    const auto text = file_lines(root / file);
    for (const int n : numbers) {
      const auto i = static_cast<std::size_t>(n) - 1;
      out += fmt::format("{} {}:{}: {}\n", sign, file, n, i < text.size() ? text[i] : "");
    }
  }
}

// Lines of a unit, or of a file over all units.
LineSet select(const BackendLines& lines, const std::string& name, bool is_file) {
  if (!is_file) {
    if (name == kAll) return lines.all();
    const auto it = lines.units.find(name);
    return it == lines.units.end() ? LineSet{} : it->second;
  }
  LineSet kept;
  for (const Line& line : lines.all()) {
    if (line.file == name) kept.insert(line);
  }
  return kept;
}

}  // namespace

std::string porting_table(const Json& record) {
  std::string out;
  const Json& ports = record.at("ports");
  const auto baseline = record.at("baseline").get<std::string>();
  const Json& reasons = record.at("null_reasons");
  out += fmt::format(
      "Lines changed per port: lines that its build compiles and {}'s does not / all that it "
      "compiles\n",
      baseline);
  out += fmt::format("{:<6}{:<12}{:>22} {:>22} {:>22} {:>22}{:>9}\n", "port", "kernel",
                     "kernel lines", "layer lines", "layer shared out", "all lines", "unused");
  for (const auto& [name, port] : ports.items()) {
    if (name != baseline && !port.is_null() && !port.at("kernels").is_null()) {
      add_port(name, port, out);
    }
  }
  for (const auto& [name, port] : ports.items()) {
    if (port.is_null()) {
      out += fmt::format("{}: not counted: {}\n", name,
                         reasons.value("/ports/" + name, std::string("no reason given")));
      continue;
    }
    const auto targets = port.at("targets").get<std::vector<std::string>>();
    out += fmt::format("{}{}: {} lines, compiled for {}; {}{}\n", name,
                       name == baseline ? " (baseline)" : "", port.at("lines").get<int>(),
                       fmt::join(targets, ", "), tests_text(port),
                       port.at("origin") == "this build" ? "" : "; from the committed record");
    for (const auto& [file, count] : port.at("other").items()) {
      out += fmt::format("  {} lines outside kernels/ and backends/: {}\n", count.dump(), file);
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
    out += fmt::format("{}: not counted: {}\n", name,
                       reasons.value(pointer_to(name), std::string("no reason given")));
  }
  return out;
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

std::string porting_details(const Json& record, const std::string& name,
                            const std::filesystem::path& root) {
  const Porting porting = from_json(record);
  const auto& counted = porting.count.backends;
  const bool is_file = porting.count.files.contains(name);
  // Of a family, all lines.
  const bool of_family = is_family(name) && counted.contains(name);
  const std::string unit = of_family ? kAll : name;
  std::set<std::string> kernels = {kAll};
  std::vector<std::string> families;
  for (const auto& [port, lines] : counted) {
    if (is_family(port)) families.push_back(port);
    for (const auto& [kernel, set] : lines.units) kernels.insert(kernel);
  }
  if (!is_file && !kernels.contains(unit)) {
    std::vector<std::string> files;
    files.reserve(porting.count.files.size());
    for (const auto& [file, facts] : porting.count.files) files.push_back(file);
    throw std::invalid_argument(fmt::format(
        "--details {}: no such kernel, family or file; kernels: {}; families: {}; files: {}", name,
        fmt::join(kernels, ", "), fmt::join(families, ", "), fmt::join(files, ", ")));
  }
  const std::string against = of_family ? kBaselineFamily : kBaseline;
  if (!counted.contains(against)) {
    const auto why = porting.absent.find(against);
    throw std::invalid_argument(
        fmt::format("--details: the baseline {} was not counted: {}", against,
                    why == porting.absent.end() ? "the build does not compile it" : why->second));
  }
  std::string out;
  for (const auto& [port, lines] : counted) {
    const std::string baseline = baseline_of(port);
    if (port == baseline || !counted.contains(baseline)) continue;
    if (of_family && port != name) continue;
    const LineSet base = select(counted.at(baseline), unit, is_file);
    const LineSet own = select(lines, unit, is_file);
    const LineSet added = set_difference(own, base);
    const LineSet unused = set_difference(base, own);
    out += fmt::format("{}, {}: {} lines shared with {}, {} added (+), {} unused (-)\n", unit, port,
                       own.size() - added.size(), baseline, added.size(), unused.size());
    // The text of what all families of a backend add or leave out is that of the backend.
    if (is_family(port) && !of_family) continue;
    list_lines(added, '+', root, out);
    list_lines(unused, '-', root, out);
  }
  return out;
}

}  // namespace moat
