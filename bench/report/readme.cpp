// SPDX-License-Identifier: Apache-2.0
#include "bench/report/readme.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "bench/compare/beside.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/port/table.hpp"
#include "bench/record/provenance.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/table.hpp"
#include "bench/text/quantity.hpp"

namespace moat {
namespace {

constexpr std::size_t kRows = 8;

// The place right behind the line that is `mark`.
std::size_t behind_mark(const std::string& text, const std::string& mark) {
  const std::string line = mark + '\n';
  const std::size_t at = text.find(line);
  if (at == std::string::npos || (at > 0 && text[at - 1] != '\n')) {
    throw std::runtime_error(fmt::format("has no line {}", mark));
  }
  if (text.find(mark, at + 1) != std::string::npos) {
    throw std::runtime_error(fmt::format("has {} more than once", mark));
  }
  return at + line.size();
}

// Our cases, the first of every kernel, then the second of every kernel, until there are enough; in
// the order of the record.
std::vector<CaseRecord> chosen_cases(const Record& record) {
  std::map<std::string, std::size_t> seen;                // of each kernel
  std::map<std::size_t, std::vector<std::size_t>> turns;  // which turn → cases
  for (std::size_t i = 0; i < record.cases.size(); ++i) {
    const CaseRecord& c = record.cases[i];
    if (c.implementation == kOurs) turns[seen[c.kernel]++].push_back(i);
  }
  std::set<std::size_t> chosen;
  for (const auto& [turn, cases] : turns) {
    for (const std::size_t i : cases) {
      if (chosen.size() < kRows) chosen.insert(i);
    }
  }
  std::vector<CaseRecord> result;
  for (const std::size_t i : chosen) result.push_back(record.cases[i]);
  return result;
}

// The same record with fewer rows and without what is told elsewhere.
Record shortened(const Record& record) {
  Record part = record;
  part.cases = chosen_cases(record);
  part.run.planned = static_cast<int>(part.cases.size());  // what is left out is not missing
  part.libraries.clear();
  part.skipped_backends.clear();
  part.absent_baselines.clear();
  // Eight rows need no headings; the problem's whole name stands in their place.
  for (CaseRecord& c : part.cases) c.kernel.clear();
  return part;
}

// The text of a code block, which must not be wider than the document's other lines: what is, goes
// on in lines that are indented further.
std::string narrow(const std::string& text) {
  constexpr std::size_t kWidth = 120;
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (line.starts_with("    ") && line.size() > kWidth) {
      const std::size_t space = line.rfind(' ', kWidth);
      if (space == std::string::npos || space < 12) break;
      result += line.substr(0, space) + '\n';
      line = std::string(9, ' ') + line.substr(space + 1);
    }
    result += line + '\n';
  }
  return result;
}

std::string commit_of(const Record& record) {
  const auto& commit = record.build.commit.value;
  return commit ? commit->substr(0, 12) : "unknown";
}

// Whether other work had a share of the processors, by what the system told while cases were
// sampled. The load average is that of the minute before the run, often of its own compilation:
// only more of it than there are processors counts.
void add_other_work(const Record& record, std::vector<std::string>& reasons) {
  constexpr double kMostOfTime = 0.05;
  constexpr double kMostSamples = 0.25;
  const auto& scheduling = record.run.scheduling;
  if (!scheduling.value || !scheduling.value->steal_seconds.value) {
    reasons.push_back(
        fmt::format("other work could not be seen: {}",
                    scheduling.value ? scheduling.value->steal_seconds.reason : scheduling.reason));
  } else {
    const double lost = scheduling.value->waited_seconds + *scheduling.value->steal_seconds.value;
    const double granted = record.run.duration_seconds * record.run.threads;
    if (lost > kMostOfTime * granted) {
      reasons.push_back(
          fmt::format("other work took {:.1f} of its {:.1f} processor seconds, above {}", lost,
                      granted, percent(kMostOfTime)));
    }
  }
  if (const auto [disturbed, all] = disturbed_samples(record);
      static_cast<double>(disturbed) > kMostSamples * static_cast<double>(all)) {
    reasons.push_back(fmt::format("other work disturbed {} of {} samples, above {}", disturbed, all,
                                  percent(kMostSamples)));
  }
  if (const auto& load = record.host.load_average.value;
      load && load->front() > record.host.logical_cpus) {
    reasons.push_back(fmt::format("the load average was {:.1f} on {} processors", load->front(),
                                  record.host.logical_cpus));
  }
}

}  // namespace

std::string with_parts(const std::string& text, const ReadmeParts& parts) {
  std::string result = text;
  for (const auto& [name, part] : parts) {
    const std::string end_mark = fmt::format("<!-- moat:{}:end -->", name);
    const std::size_t begin = behind_mark(result, fmt::format("<!-- moat:{}:begin -->", name));
    const std::size_t end = behind_mark(result, end_mark) - end_mark.size() - 1;
    if (end < begin) throw std::runtime_error(fmt::format("has {} before its beginning", end_mark));
    result.replace(begin, end - begin, part);
  }
  return result;
}

ReadmeParts readme_parts(const Record& record, const std::filesystem::path& record_path,
                         const std::filesystem::path& figure_path, const Json& porting) {
  std::size_t ours = 0;
  for (const CaseRecord& c : record.cases) ours += c.implementation == kOurs ? 1 : 0;
  const std::vector<CaseRecord> shown = chosen_cases(record);
  const auto hot = std::ranges::count(shown, "hot", &CaseRecord::cache);
  const std::string path = record_path.generic_string();
  std::string table = narrow(format_record(shortened(record), TableFormat::markdown, false));
  // Why some have no library beside them is long; the table that is named below tells.
  if (const auto none = table.find("\nnone  no library beside "); none != std::string::npos) {
    table.erase(none);
  }
  table.erase(table.find_last_not_of('\n') + 1);
  // Cases stand indented below the headings that are not here.
  for (std::size_t at = 0; (at = table.find("\n|   ", at)) != std::string::npos;) {
    table.replace(at, 5, "\n| ");
  }
  ReadmeParts parts;
  parts["figure"] = fmt::format("![Ours beside the fastest library, case by case]({})\n",
                                figure_path.generic_string());
  parts["table"] = fmt::format(
      "{}\n\n{} of {} cases{}, kernel by kernel in turns,\nof the run of {} at commit {}\n"
      "([record]({}));\n`build/bin/moat report --table {}`\nprints them all with the libraries' "
      "rows.\n",
      table, shown.size() == kRows ? "Eight" : std::to_string(shown.size()), ours,
      hot > 0 ? fmt::format(" ({} with operands in the cache)", hot) : "",
      record.run.started.substr(0, 10), commit_of(record), path, path);
  parts["porting"] = porting_markdown(porting);
  return parts;
}

std::vector<std::string> unfit_to_publish(const Record& record, double max_spread) {
  std::vector<std::string> reasons;
  if (!record.build.commit.value) reasons.push_back("its sources have no commit");
  if (record.build.dirty.value.value_or(true)) {
    reasons.push_back("its sources are not those of their commit (a dirty tree)");
  }
  if (record.build.build_type != "Release") {
    reasons.push_back(fmt::format("its build is {}, not Release", record.build.build_type));
  }
  if (const std::string warning = build_warning(record.build); !warning.empty()) {
    reasons.push_back(warning);
  }
  if (record.run.interrupted) reasons.push_back("the run was interrupted");
  if (record.cases.size() != static_cast<std::size_t>(record.run.planned)) {
    reasons.push_back(fmt::format("it has {} of the {} cases that were planned",
                                  record.cases.size(), record.run.planned));
  }
  add_other_work(record, reasons);
  const std::vector<CaseRecord> shown = chosen_cases(record);
  if (shown.size() < kRows) {
    reasons.push_back(
        fmt::format("it has {} cases of ours, and {} are shown", shown.size(), kRows));
  }
  for (const CaseRecord& c : shown) {
    if (c.status == Status::ok && samples_of(c) < kFewestSamples) {
      reasons.push_back(
          fmt::format("{} has {}", c.name, too_few_text(samples_of(c), ended_by_count(c))));
    }
  }
  for (const CaseRecord& c : record.cases) {
    if (c.status != Status::ok) {
      reasons.push_back(fmt::format("{} is {}: {}", c.name, name_of(c.status), c.message));
      continue;
    }
    const double spread =
        (c.upper_quartile_seconds.get() - c.lower_quartile_seconds.get()) / c.median_seconds.get();
    if (spread > max_spread) {
      reasons.push_back(fmt::format("{} has a spread of {}, above {}", c.name, percent(spread),
                                    percent(max_spread)));
    }
  }
  return reasons;
}

}  // namespace moat
