// SPDX-License-Identifier: Apache-2.0
#include "bench/run/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/compare/beside.hpp"
#include "bench/measure/ceilings.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/record/csv.hpp"
#include "bench/record/provenance.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/weighted_sum.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

// A property of the problem, not of what was measured.
bool told_in_flops(const CaseRecord& c) {
  try {
    return counts_flops(parse_case(c.problem));
  } catch (const CaseError&) {
    // A shape of another version; examples are those of much work.
    const Problem* kernel = find_kernel(c.kernel);
    return kernel != nullptr && counts_flops(parse_case(describe(*kernel).example));
  }
}

std::string format_rate(const CaseRecord& c) {
  return c.gflops.value && told_in_flops(c) ? three_digits(c.gflops.get()) + " GFLOP/s"
                                            : three_digits(c.gbytes.get()) + " GB/s";
}

const RatioRecord* fastest_baseline(const CaseRecord& c) {
  const auto it = std::ranges::min_element(
      c.ratios, [](const RatioRecord& a, const RatioRecord& b) { return a.ratio < b.ratio; });
  return it == c.ratios.end() ? nullptr : &*it;
}

std::string format_error(double error_over_bound) {
  return error_over_bound == 0 || error_over_bound >= 0.001
             ? fmt::format("{:.3f}", error_over_bound)
             : "<0.001";
}

// Marks a median, behind its spread, or a ratio that its samples do not carry; explained below the
// table.
constexpr const char* kTooFew = "†";

// Marks a time whose operands stayed in the cache.
constexpr const char* kHot = "‡";

std::string spread(const CaseRecord& c) {
  const auto& low = c.lower_quartile_seconds.value;
  const auto& high = c.upper_quartile_seconds.value;
  return (low && high ? percent((*high - *low) / c.median_seconds.get()) : "–") +
         (samples_of(c) < kFewestSamples ? kTooFew : "");
}

// Nothing that was asked has the case; told below the table.
constexpr const char* kNone = "none";

// Libraries that do not solve the case; a yardstick that is absent says nothing about them.
std::vector<AbsentRecord> absent_libraries(const CaseRecord& c) {
  std::vector<AbsentRecord> absent = c.baselines_absent;
  std::erase_if(absent, [](const AbsentRecord& a) { return is_yardstick(a.name); });
  return absent;
}

// What stands beside it without a number, as one that was disturbed, is there.
bool lacks_baseline(const Record& record, const CaseRecord& c) {
  const auto beside = [&](const CaseRecord& other) {
    return other.problem == c.problem && other.backend == c.backend && other.device == c.device &&
           !is_ours(other.implementation) && !is_yardstick(other.implementation);
  };
  return c.implementation == kOurs && c.status == Status::ok && c.ratios.empty() &&
         !absent_libraries(c).empty() && std::ranges::none_of(record.cases, beside);
}

std::string format_ratio(const Record& record, const CaseRecord& c) {
  if (lacks_baseline(record, c)) return kNone;
  const RatioRecord* baseline = fastest_baseline(c);
  if (baseline == nullptr) return "";
  const bool few = samples_beside(record, c, baseline->baseline) < kFewestSamples;
  return fmt::format("{:.2f}{} × {}", baseline->ratio, few ? kTooFew : "", baseline->baseline);
}

std::vector<std::string> case_cells(const Record& record, const CaseRecord& c,
                                    bool first_of_problem) {
  const std::string shape =
      c.problem.starts_with(c.kernel + "/") ? c.problem.substr(c.kernel.size() + 1) : c.problem;
  std::vector<std::string> cells = {
      first_of_problem ? "  " + shape : "",
      c.device > 0 ? fmt::format("{}:{}/{}", c.backend, c.device, c.implementation)
                   : fmt::format("{}/{}", c.backend, c.implementation)};
  if (c.status != Status::ok) return cells;
  cells.push_back(format_seconds(c.median_seconds.get()) + (c.cache == "hot" ? kHot : ""));
  cells.push_back(spread(c));
  cells.push_back(format_rate(c));
  cells.push_back(c.ceiling.value ? fmt::format("{} {}", percent(c.ceiling.value->share),
                                                c.ceiling.value->bound)
                                  : "–");
  cells.push_back(format_ratio(record, c));
  const auto& check = c.check.value;
  cells.push_back(
      check && check->error_over_bound.value ? format_error(*check->error_over_bound.value) : "–");
  return cells;
}

std::string device_text(const Record& record, const DeviceRecord& d) {
  std::string text = fmt::format("{}:{}  {} ({}, {}", d.backend, d.index, d.name, d.architecture,
                                 compute_units_text(d.compute_units, is_host(record, d)));
  if (d.cache_bytes > 0) {
    text += fmt::format(", {} MiB last-level cache", d.cache_bytes >> 20);
  }
  text = one_line(text) + ")\n";
  const CeilingsRecord& ceilings = d.ceilings;
  text += "       measured ceilings:";
  bool any = false;
  const auto add = [&](std::string_view name, const Reading<double>& rate, const char* unit) {
    if (!rate.value) return;
    text += fmt::format("{} {} {} {}", any ? "," : "", name, three_digits(*rate.value / 1e9), unit);
    any = true;
  };
  // Without matrix instructions of their own the 16-bit types have the ceiling of f32.
  for (const DType t : kDTypes) {
    const auto& rate = ceilings.flops(t);
    if (t == DType::f32 || rate.value != ceilings.flops_f32.value) add(name_of(t), rate, "GFLOP/s");
  }
  add("int8", ceilings.ops_int8, "GOP/s");
  add("read", ceilings.read_bytes, "GB/s");
  add("copy", ceilings.copy_bytes, "GB/s");
  if (!any) text += fmt::format(" none, {}", one_line(ceilings.flops_f32.reason));
  text += '\n';
  const auto without = [&](std::string_view name, const auto& rate) {
    if (any && !rate.value && rate.reason.find(kNotNeeded) == std::string::npos) {
      text += fmt::format("       no {} ceiling: {}\n", name, one_line(rate.reason));
    }
  };
  for (const DType t : kDTypes) without(fmt::format("{} compute", name_of(t)), ceilings.flops(t));
  without("read", ceilings.read_bytes);
  without("copy", ceilings.copy_bytes);
  if (text.find(": disturbed: ") != std::string::npos) {
    text +=
        "       other work disturbed a ceiling: run again beside less of it, or on fewer "
        "--threads\n";
  }
  return text;
}

std::string absences(const Record& record) {
  std::string text;
  for (const auto& a : record.skipped_backends) {
    text += one_line(fmt::format("skipped: backend {}: {}", a.name, a.reason)) + '\n';
  }
  for (const auto& a : record.absent_baselines) {
    text += one_line(fmt::format("absent: baseline {}: {}", a.name, a.reason)) + '\n';
  }
  for (const CaseRecord& c : record.cases) {
    for (const auto& a : c.baselines_absent) {
      if (!is_yardstick(a.name)) continue;
      text += one_line(fmt::format("absent: yardstick {}: {}", a.name, a.reason)) + '\n';
    }
  }
  return text;
}

std::string library_text(const Record& record) {
  std::string text;
  for (const auto& l : record.libraries) {
    text += one_line(fmt::format("       {} {} {} ({})",
                                 is_yardstick(l.name) ? "yardstick" : "baseline", l.name, l.version,
                                 l.detail)) +
            '\n';
  }
  return text;
}

// "none  weightonly: no such products (NAME); …", a line for each kernel.
std::string lacking_text(const Record& record) {
  std::vector<std::pair<std::string, std::vector<AbsentRecord>>> kernels;
  for (const CaseRecord& c : record.cases) {
    if (!lacks_baseline(record, c)) continue;
    auto kernel = std::ranges::find(kernels, c.kernel, &decltype(kernels)::value_type::first);
    if (kernel == kernels.end()) kernel = kernels.insert(kernel, {c.kernel, {}});
    for (const AbsentRecord& a : absent_libraries(c)) {
      auto& reasons = kernel->second;
      const auto same = std::ranges::find(reasons, a.reason, &AbsentRecord::reason);
      if (same == reasons.end()) {
        reasons.push_back(a);
      } else if (!same->name.ends_with(a.name)) {
        same->name += ", " + a.name;
      }
    }
  }
  std::string text;
  for (const auto& [kernel, reasons] : kernels) {
    text += text.empty() ? "none  no library beside " : "      nor beside ";
    std::string why;
    for (const auto& [names, reason] : reasons) {
      why += fmt::format("{}{} ({})", why.empty() ? "" : "; ", reason, names);
    }
    text += one_line(fmt::format("{}: {}", kernel, why)) + '\n';
  }
  return text;
}

// "note: the run was interrupted; 3 of 9 results are here"
std::string interruption_text(const Record& record) {
  const RunInfo& run = record.run;
  if (!lacks_cases(record)) return "";
  return fmt::format("\nnote: the run {}; {} of {} results are here\n",
                     run.interrupted ? "was interrupted" : "is not complete", record.cases.size(),
                     run.planned);
}

// What other work on the machine was seen to do to the samples.
std::string disturbance_text(const Record& record) {
  const auto [set_aside, samples] = disturbed_samples(record);
  const auto cases = std::ranges::count(record.cases, Status::disturbed, &CaseRecord::status);
  if (set_aside == 0 && cases == 0) return "";
  std::string text = fmt::format(
      "\nnote: {} of {} samples were set aside, because a thread waited for a processor meanwhile",
      set_aside, samples);
  if (cases > 0) {
    text += fmt::format(
        ";\n      {} of {} results have no number for it: the same command with --resume --out "
        "FILE.json, of its record,\n      measures these alone again; or give the run more "
        "--budget",
        cases, record.cases.size());
  }
  return text + '\n';
}

// "warning: this build is not optimised (Debug): …"
std::string warning_text(const Build& build) {
  const std::string warning = build_warning(build);
  return warning.empty() ? "" : fmt::format("warning: {}\n", warning);
}

// What the marks mean, if a row bears them.
std::string notes(const std::vector<Row>& rows) {
  const auto marked = [&](const char* mark) {
    return std::ranges::any_of(rows, [&](const Row& row) {
      return std::ranges::any_of(
          row.cells, [&](const auto& cell) { return cell.find(mark) != std::string::npos; });
    });
  };
  std::string text;
  if (marked(kTooFew)) {
    text += fmt::format(
        "{}  too few samples: a median or ratio of fewer than {} (on a side) is no verdict; give "
        "the run more --budget\n",
        kTooFew, kFewestSamples);
  }
  if (marked(kHot)) {
    text += fmt::format(
        "{}  its operands stayed in the cache, by --hot or because memory has no room for more: it "
        "has no memory ceiling\n",
        kHot);
  }
  return text;
}

// Each line at most as wide as the terminal, or as what is read in a file; those that follow below
// the text of a note.
std::string fitted(const std::string& text) {
  constexpr std::size_t kBehindNote = 6;
  const std::size_t columns = output_columns(100);
  std::string lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const std::size_t blanks = std::min(line.find_first_not_of(' '), line.size());
    lines += wrapped(line, blanks + kBehindNote, columns) + '\n';
  }
  return lines;
}

// What codes lose, beside the check of whether they are right.
std::string loss_text(const Record& record) {
  std::string text;
  for (const CaseRecord& c : record.cases) {
    if (!c.quantisation_loss || c.status != Status::ok) continue;
    text += one_line(fmt::format("      {:.3g}  {}", *c.quantisation_loss, c.name)) + '\n';
  }
  if (text.empty()) return text;
  return "\nnote: quantisation loss, 1 − 2·Σxy ÷ Σ(x² + y²) of numbers and what their codes stand "
         "for:\n" +
         text;
}

// What the rows of chosen schedules are.
std::string schedules_text(const Record& record) {
  const bool any = std::ranges::any_of(record.cases, [](const CaseRecord& c) {
    return c.implementation != kOurs && is_ours(c.implementation);
  });
  if (!any) return "";
  return fmt::format(
      "{0}.…  our kernel with that schedule; × {0}: its speed beside the "
      "schedule that the kernel's table chooses\n",
      kOurs);
}

// What commands of the user's told, apart from what was measured.
std::string told_text(const Record& record) {
  if (!record.told || record.told->empty()) return "";
  std::string text = "\ntold, not verified and not timed here (moat run --command):\n";
  for (const ToldRecord& t : *record.told) {
    const std::string time = t.seconds.value ? format_seconds(*t.seconds.value)
                                             : fmt::format("no time: {}", t.seconds.reason);
    text += one_line(fmt::format("      {}  {}  {}", time, t.problem, t.command)) + '\n';
  }
  return text;
}

std::string number(const Reading<double>& x) {
  return x.value ? fmt::format("{:.9g}", *x.value) : "";
}

std::string to_csv(const Record& record) {
  std::string text =
      "name,status,median_seconds,lower_quartile_seconds,upper_quartile_seconds,gflops,gbytes,"
      "bound,share_of_ceiling,fastest_baseline,ratio,error_over_bound,samples,stop_reason,"
      "message,ratio_samples,ratio_verdict,weight\n";
  for (const CaseRecord& c : record.cases) {
    const int samples = samples_of(c);
    const bool timed = c.status == Status::ok;
    const Reading<double> none;
    const RatioRecord* baseline = timed ? fastest_baseline(c) : nullptr;
    const int of_ratio = baseline != nullptr ? samples_beside(record, c, baseline->baseline) : 0;
    text += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(c.name),
        name_of(c.status), number(timed ? c.median_seconds : none),
        number(timed ? c.lower_quartile_seconds : none),
        number(timed ? c.upper_quartile_seconds : none), number(timed ? c.gflops : none),
        number(timed ? c.gbytes : none), timed && c.ceiling.value ? c.ceiling.value->bound : "",
        timed && c.ceiling.value ? fmt::format("{:.4f}", c.ceiling.value->share) : "",
        baseline != nullptr ? baseline->baseline : "",
        baseline != nullptr ? fmt::format("{:.4f}", baseline->ratio) : "",
        c.check.value ? number(c.check.value->error_over_bound) : "", timed ? samples : 0,
        timed && !c.series.empty() ? c.series.front().stop_reason : "", csv_field(c.message),
        baseline != nullptr ? std::to_string(of_ratio) : "",
        baseline != nullptr && of_ratio < kFewestSamples ? "too few samples" : "",
        c.weight ? fmt::format("{:.9g}", *c.weight) : "");
  }
  return text;
}

}  // namespace

std::string format_record(const Record& record, TableFormat format, bool color) {
  if (format == TableFormat::csv) return to_csv(record);
  const std::vector<Column> columns = {{.title = "case", .align = Align::left},
                                       {.title = "by", .align = Align::left},
                                       {.title = "median"},
                                       {.title = "spread"},
                                       {.title = "rate"},
                                       {.title = "of ceiling"},
                                       {.title = "ours × library", .align = Align::left},
                                       {.title = "of bound"}};

  std::vector<Row> rows;
  std::string kernel;
  std::string problem;
  for (const CaseRecord& c : record.cases) {
    if (c.kernel != kernel) rows.push_back({{c.kernel}, true, false});
    Row row{.cells = case_cells(record, c, c.problem != problem),
            .heading = false,
            .wrong = c.status != Status::ok};
    kernel = c.kernel;
    problem = c.problem;
    // A note below tells of all that other work disturbed, and what mends it.
    if (c.status == Status::disturbed) {
      row.cells.resize(columns.size());
      row.cells[4] = name_of(c.status);  // wide enough as it is
    } else if (row.wrong) {
      std::string name = fmt::format("{}: {}", name_of(c.status), c.message);
      if (format == TableFormat::markdown) {
        row.cells.resize(columns.size());
        row.cells[2] = std::move(name);
      } else {
        row.cells = {fmt::format("  {}  {}", c.name.substr(c.kernel.size() + 1), name)};
      }
    }
    rows.push_back(std::move(row));
  }

  std::string text;
  if (format == TableFormat::markdown) {
    for (const auto& d : record.devices) text += "    " + device_text(record, d);
    return warning_text(record.build) + text + '\n' + markdown_grid(columns, rows) +
           weighted_sum_text(record) + told_text(record) + interruption_text(record) +
           disturbance_text(record) + loss_text(record) + '\n' + notes(rows) +
           schedules_text(record) + lacking_text(record) + absences(record);
  }
  text += warning_text(record.build);
  for (const auto& d : record.devices) text += device_text(record, d);
  text += library_text(record);
  text += interruption_text(record);
  text += disturbance_text(record);
  text += loss_text(record);
  return fitted(text) + '\n' + plain_grid(columns, rows, color) +
         fitted(weighted_sum_text(record) + told_text(record) + '\n' + notes(rows) +
                schedules_text(record) + lacking_text(record) + absences(record));
}

}  // namespace moat
