// SPDX-License-Identifier: Apache-2.0
#include "bench/port/details.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

#include "bench/port/document.hpp"
#include "bench/port/record.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

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

// What was asked for.
struct Subject {
  std::string name;  // of a kernel, a file or a family
  bool is_file = false;
  bool is_family = false;

  // The kernel that the numbers are of; of a family, all.
  std::string unit() const { return is_family ? kAll : name; }
};

Subject find_subject(const Json& document, const Porting& porting, const std::string& name) {
  std::set<std::string> kernels = {kAll};
  // Those of a port that was counted and could not be compared, too.
  for (const auto& [port, lines] : porting.count.backends) {
    for (const auto& [kernel, set] : lines.units) kernels.insert(kernel);
  }
  std::vector<std::string> families;
  for (const std::string& port : port_names(document)) {
    const Json& facts = port_in(document, port);
    if (facts.is_null()) continue;
    if (is_family(port)) families.push_back(port);
    if (facts.at("kernels").is_null()) continue;
    for (const auto& [kernel, counts] : facts.at("kernels").items()) kernels.insert(kernel);
  }
  const Json& files = document.at("files");
  if (files.contains(name)) return {.name = name, .is_file = true, .is_family = false};
  if (kernels.contains(name)) return {.name = name};
  if (std::ranges::find(families, name) != families.end()) {
    return {.name = name, .is_file = false, .is_family = true};
  }
  std::vector<std::string> names;
  for (const auto& [file, facts] : files.items()) names.push_back(file);
  names.insert(names.end(), kernels.begin(), kernels.end());
  names.insert(names.end(), families.begin(), families.end());
  const auto meant = nearest(name, names);
  throw std::invalid_argument(fmt::format(
      "--details {}: no such kernel, family or file{}; kernels: {}; families: {}; or one of {} "
      "files",
      name, meant ? fmt::format(" (did you mean {}?)", *meant) : "", fmt::join(kernels, ", "),
      fmt::join(families, ", "), files.size()));
}

// The lines of one port, from line ranges.
std::string listed(const Subject& subject, const std::string& port, const Porting& porting,
                   const std::filesystem::path& root) {
  const std::string baseline = baseline_of(port);
  const LineSet base = select(porting.count.backends.at(baseline), subject.unit(), subject.is_file);
  const LineSet own = select(porting.count.backends.at(port), subject.unit(), subject.is_file);
  const LineSet added = set_difference(own, base);
  const LineSet unused = set_difference(base, own);
  std::string out =
      fmt::format("{}, {}: {} lines shared with {}, {} added (+), {} unused (-)\n", subject.unit(),
                  port, own.size() - added.size(), baseline, added.size(), unused.size());
  // The text of what all families of a backend add or leave out is that of the backend.
  if (is_family(port) && !subject.is_family) return out;
  list_lines(added, '+', root, out);
  list_lines(unused, '-', root, out);
  return out;
}

// Only how many, of a document without line ranges.
std::string counted(const Subject& subject, const std::string& port, const Json& document) {
  const std::string baseline = baseline_of(port);
  if (subject.is_file) {
    const Json& lines = document.at("files").at(subject.name).at("lines");
    const auto of = [&](const std::string& name) {
      const auto counts = lines_by_file(document, name);
      const auto it = counts.find(subject.name);
      return it == counts.end() ? 0 : it->second;
    };
    if (!lines.contains(port) && !lines.contains(baseline)) return "";
    return fmt::format("{}, {}: {} lines; {}: {}\n", subject.name, port, of(port), baseline,
                       of(baseline));
  }
  const Json& kernels = port_in(document, port).at("kernels");
  if (kernels.is_null() || !kernels.contains(subject.unit())) return "";
  const Json& total = kernels.at(subject.unit()).at("total");
  return fmt::format("{}, {}: {} lines shared with {}, {} added, {} unused\n", subject.unit(), port,
                     total.at("shared").dump(), baseline, total.at("added").dump(),
                     total.at("unused").dump());
}

// Whether a kernel's lines, or a file's, can be told for the port.
bool has_ranges(const Porting& porting, const std::string& port) {
  return porting.count.backends.contains(port) &&
         porting.count.backends.contains(baseline_of(port));
}

}  // namespace

std::string porting_details(const Json& document, const std::string& name,
                            const std::filesystem::path& root) {
  const Porting porting = from_json(document);
  const Subject subject = find_subject(document, porting, name);
  const std::string against = subject.is_family ? kBaselineFamily : kBaseline;
  if (port_in(document, against).is_null()) {
    throw std::invalid_argument(fmt::format(
        "--details: the baseline {} was not counted: {}", against,
        document.at("null_reasons").value(pointer_to(against), "the build does not compile it")));
  }
  std::set<std::string> ports;
  for (const std::string& port : port_names(document)) {
    if (port_in(document, port).is_null() || port == baseline_of(port)) continue;
    if (!subject.is_family || port == name) ports.insert(port);
  }
  std::string out;
  std::set<std::string> without;  // backends of which a build is needed
  for (const std::string& port : ports) {
    if (has_ranges(porting, port)) {
      out += listed(subject, port, porting, root);
      continue;
    }
    out += counted(subject, port, document);
    for (const std::string& part : {port, baseline_of(port)}) {
      if (!porting.count.backends.contains(part)) without.insert(backend_of(part));
    }
  }
  // Every build has the CPU's.
  if (without.size() > 1) without.erase("cpu");
  if (!without.empty()) {
    std::string options;  // scripts/bench.sh leaves out what no GPU of this machine runs
    for (const std::string& backend : without) {
      if (backend == "cpu") continue;
      std::string upper = backend;
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
      options += fmt::format("{}-DMOAT_{}=ON", options.empty() ? "" : " ", upper);
    }
    out += fmt::format(
        "note: these are numbers of the committed record, which holds no line ranges. The lines "
        "themselves need a build of {}:\n      cuda needs nvcc, hip what scripts/setup.sh "
        "--gpu-sdks installs. MOAT_CMAKE_ARGS=\"{}\" scripts/bench.sh\n      builds without such "
        "a GPU; then `moat port --details {}` lists them\n",
        fmt::join(without, " and "), options, name);
  }
  return out;
}

}  // namespace moat
