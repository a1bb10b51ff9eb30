// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"
#include "bench/text/terminal.hpp"

namespace moat::explain {
namespace {

constexpr std::size_t kColumns = 100;  // of the widest line

// 989 T: of FLOPs or bytes.
std::string amount(double x, const char* unit) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t i = 0;
  for (; x >= 1000 && i + 1 < std::size(kPrefixes); ++i) x /= 1000;
  return fmt::format("{} {}{}", three_digits(x), kPrefixes[i], unit);
}

std::string known(std::optional<double> x, const char* unit) {
  return x ? amount(*x, unit) : "unknown";
}

std::string seconds_or(const std::optional<double>& seconds, const char* otherwise) {
  return seconds ? format_seconds(*seconds) : otherwise;
}

std::string wrapped(const std::string& line, std::size_t indent) {
  return moat::wrapped(line, indent, kColumns) + '\n';
}

// Rows of a table, those of a case below its name.
struct Lines {
  std::vector<moat::Row> rows{};
  std::string name{};

  void of_case(const std::string& its) {
    if (its != name) rows.push_back({.cells = {its}, .heading = true});
    name = its;
  }
};

// TileSchedule of moat::simt::TileSchedule<…>.
std::string kind_text(const PlannedLaunch& l) {
  const std::string name = l.schedule.substr(0, l.schedule.find('<'));
  const std::size_t colons = name.rfind(':');
  return colons == std::string::npos ? name : name.substr(colons + 1);
}

// Kind, tile, stages and so on, of what the schedule has.
std::string tile_text(const PlannedLaunch& l) {
  std::string text = kind_text(l) + ", ";
  if (l.m > 0) {
    text += fmt::format("tile {} x {}", l.m, l.n);
    if (l.k > 0) text += fmt::format(", steps of {}", l.k);
    text += fmt::format(", {} stages, ", l.stages);
  }
  return text + fmt::format("{} waves{}", l.waves, l.persistent ? ", persistent" : "");
}

std::string at_least(double seconds, bool complete) {
  return (complete ? "" : "≥ ") + format_seconds(seconds);
}
std::string at_least(const Prediction& p) { return at_least(p.seconds, p.complete); }

// Of kernels whose edges are not modelled nothing is known.
std::string useful_text(const LaunchModel& m) {
  return m.launch.products.empty() || m.work.tile_flops > 0 ? percent(m.useful) : "?";
}

constexpr const char* kLimits[] = {"products", "memory", "L2 cache", "launch"};

const char* name_of(Limit limit) { return kLimits[static_cast<std::size_t>(limit)]; }

std::string names_of(const std::vector<Limit>& limits, const char* between) {
  std::string text;
  for (const Limit limit : limits)
    text += (text.empty() ? "" : between) + std::string(name_of(limit));
  return text;
}

// " 94 % memory", or "    ? products" where that may take longer and how long is not known,
// "    ? products+" where other terms may, too.
std::string bound_text(const Prediction& p) {
  if (!p.bound) {
    return fmt::format("{:>5} {}{}", "?", name_of(p.open.front()), p.open.size() > 1 ? "+" : "");
  }
  return fmt::format("{:>5} {}", p.share ? percent(*p.share) : "", name_of(*p.bound));
}

const LaunchModel& main_of(const Prediction& p) { return p.launches[p.main]; }

std::string launch_text(const LaunchModel& m, const KnownDevice& device, std::size_t number) {
  const PlannedLaunch& l = m.launch;
  const auto line = [](std::string_view name, const std::string& text) {
    return wrapped(fmt::format("     {:<10} {}", name, text), 16);
  };
  std::string text = wrapped(fmt::format("  {}. {}", number, kernel_text(l)), 5);
  text += line("schedule", fmt::format("{}: {}", l.schedule_name, tile_text(l)));
  text += line("grid", fmt::format("{} blocks x {} threads, {} bytes of shared memory each; {} "
                                   "items of work",
                                   l.blocks, l.threads, l.shared_bytes, m.work.items));
  text += line("waves", fmt::format("{:.2f} = {} items ÷ ({} units x {} blocks at once)", m.waves,
                                    m.work.items, device.compute_units, m.resident));
  if (m.work.steps.empty()) {
    const std::int64_t rounds =
        ceil_div(std::max<std::int64_t>(m.work.items, 1), std::int64_t{device.compute_units});
    text += line("fill", fmt::format("{:.1f} % = {} items ÷ ({} units x {} rounds)", 100 * m.fill,
                                     m.work.items, device.compute_units, rounds));
  } else {
    text +=
        line("fill",
             fmt::format("{:.1f} %: items of different length, the longest first, {}", 100 * m.fill,
                         m.work.dealt ? "to the units in turn" : "each to the first free unit"));
  }
  if (!l.products.empty()) {
    text += line("useful",
                 m.work.tile_flops > 0
                     ? fmt::format("{:.1f} % = {} ÷ {} of whole tiles", 100 * m.useful,
                                   amount(m.work.flops, "FLOP"), amount(m.work.tile_flops, "FLOP"))
                     : std::string("not known: edges of this kernel are not modelled"));
    text += line(
        "products",
        fmt::format("{} = {} ÷ ({} of {} x {:.1f} %{})", seconds_or(m.products.seconds, "unknown"),
                    amount(m.products.amount, "FLOP"), known(m.products.rate, "FLOP/s"), l.products,
                    100 * m.fill,
                    m.work.tile_flops > 0 ? fmt::format(" x {:.1f} %", 100 * m.useful) : ""));
  }
  text += line("memory", fmt::format("{} = {} ÷ {}", seconds_or(m.memory.seconds, "unknown"),
                                     amount(m.memory.amount, "B"), known(m.memory.rate, "B/s")));
  if (m.cache.amount > 0) {
    text +=
        line("L2 cache",
             m.cache.rate ? fmt::format("{} = {} ÷ {}", format_seconds(*m.cache.seconds),
                                        amount(m.cache.amount, "B"), known(m.cache.rate, "B/s"))
                          : fmt::format("unknown: {}, and no figure of its bandwidth has a source",
                                        amount(m.cache.amount, "B")));
  }
  text += line("launch", fmt::format("{} assumed", format_seconds(kLaunchSeconds)));
  const std::string seconds = at_least(m.seconds, m.open.empty());
  text +=
      line("bound by", bound_is_known(m) ? fmt::format("{}: {}", limit_text(m.bound, l), seconds)
                                         : fmt::format("not known: {}, or longer by {}", seconds,
                                                       names_of(m.open, " or ")));
  return text;
}

}  // namespace

std::vector<std::string> assumptions() {
  return {
      std::string(kAssumedError),
      fmt::format("a launch takes {} at least, wrong by a factor of two",
                  format_seconds(kLaunchSeconds)),
      "a unit with fewer blocks than it could hold is as fast as a full one",
      "not modelled: bank conflicts, bubbles of pipelines, epilogues, clocks, loads too few for "
      "memory's bandwidth, misses of the L2, arithmetic of kernels without products"};
}

std::string assumptions_text() {
  std::string text;
  for (const std::string& assumption : assumptions()) text += wrapped(assumption, 2);
  return text;
}

std::string details(const Row& row) {
  const KnownDevice& device = *row.target.device;
  const Explanation& e = row.explanation;
  std::string text = wrapped(
      fmt::format("{} on {} ({}, {} units)", e.name, device.name,
                  e.refused.empty() ? row.target.backend + "/" + e.family : row.target.backend,
                  device.compute_units),
      2);
  if (!e.refused.empty()) return text + wrapped("  refused: " + e.refused, 4);
  if (e.chosen.launches.empty()) return text + "  nothing to launch\n";
  for (std::size_t i = 0; i < e.chosen.launches.size(); ++i) {
    text += launch_text(e.chosen.launches[i], device, i + 1);
  }
  std::string predicted = fmt::format(
      "  predicted, not measured: {}{}, {}{}/s, {}/s", e.chosen.complete ? "" : "at least ",
      format_seconds(e.chosen.seconds), e.chosen.complete ? "" : "at most ",
      amount(e.flops / e.chosen.seconds, "FLOP"), amount(e.bytes / e.chosen.seconds, "B"));
  if (e.chosen.share) {
    predicted += fmt::format("; {} of the peak that binds", percent(*e.chosen.share));
  }
  text += wrapped(predicted, 4);
  if (e.others.empty()) return text;
  text +=
      "  the menu of the kernel's table, and other ranges of keys or of k, each predicted here:\n";
  const auto line = [&](const char* mark, const std::string& schedule, const std::string& items,
                        const std::string& fill, const std::string& useful,
                        const std::string& reads, const std::string& time) {
    text += fmt::format("     {:<9} {:<29} {:>7}  {:>7}  {:>6}  {:>7}  {:>10}\n", mark, schedule,
                        items, fill, useful, reads, time);
  };
  const auto choice = [&](const Prediction& p, const char* mark) {
    const LaunchModel& m = main_of(p);
    line(mark, m.launch.schedule_name, std::to_string(m.work.items),
         fmt::format("{:.1f} %", 100 * m.fill), useful_text(m),
         m.cache.amount > 0 ? amount(m.cache.amount, "B") : "?", at_least(p));
  };
  line("", "schedule", "items", "fill", "useful", "reads", "predicted");
  choice(e.chosen, "chosen");
  constexpr std::size_t kShown = 6;
  for (std::size_t i = 0; i < std::min(kShown, e.others.size()); ++i) choice(e.others[i], "");
  return text;
}

std::string summary(const std::vector<Row>& rows) {
  const std::vector<Column> columns{{"  device", Align::left},
                                    {"schedule", Align::left},
                                    {"blocks"},
                                    {"waves"},
                                    {"fill"},
                                    {"useful"},
                                    {"predicted"},
                                    {"of peak", Align::left}};
  Lines lines;
  for (const Row& row : rows) {
    const Explanation& e = row.explanation;
    lines.of_case(e.name);
    const std::string device = fmt::format("  {}", row.target.device->id);
    if (!e.refused.empty() || e.chosen.launches.empty()) {
      const std::string why = e.refused.empty() ? "nothing to launch" : "refused: " + e.refused;
      std::istringstream text(wrapped(fmt::format("{:<11}  {}", device, why), 15));
      for (std::string line; std::getline(text, line);) {
        lines.rows.push_back({.cells = {line}, .wrong = true});
      }
      continue;
    }
    const LaunchModel& m = main_of(e.chosen);
    const std::size_t more = e.chosen.launches.size() - 1;
    lines.rows.push_back(
        {.cells = {device, m.launch.schedule_name + (more > 0 ? fmt::format(" +{}", more) : ""),
                   std::to_string(m.launch.blocks), three_digits(m.waves), percent(m.fill),
                   useful_text(m), at_least(e.chosen), bound_text(e.chosen)}});
  }
  return plain_grid(columns, lines.rows, color_wanted());
}

std::string sums_text(const std::vector<Row>& rows, const std::map<std::string, double>& weights) {
  std::string text;
  for (const Sum& sum : sums_of(rows, weights)) {
    if (!sum.refused.empty()) {
      text += wrapped(fmt::format("{}: no sum: {} is refused", sum.device, sum.refused), 2);
      continue;
    }
    text += wrapped(fmt::format("{}: the cases, as often as their file says ({} case{}, {:g} times "
                                "in all), take {}: the sum of how often x predicted time",
                                sum.device, sum.cases, sum.cases == 1 ? "" : "s", sum.times,
                                at_least(sum.seconds, sum.complete)),
                    2);
  }
  return text;
}

std::string findings_text(const std::vector<Finding>& findings) {
  const std::vector<Column> columns{{"  device", Align::left},
                                    {"mend", Align::left},
                                    {"schedule", Align::left},
                                    {"fill"},
                                    {"predicted"}};
  Lines lines;
  bool any_split = false;
  for (const Finding& f : findings) {
    lines.of_case(f.name);
    lines.rows.push_back(
        {.cells = {fmt::format("  {}", f.device), std::string(name_of(f.mend)),
                   f.launch.schedule_name, percent(f.fill), at_least(f.seconds, f.complete)}});
    any_split = any_split || f.mend == Mend::split;
    if (f.mend == Mend::split) continue;
    lines.rows.push_back({.cells = {"", "  better", f.better, percent(f.better_fill),
                                    format_seconds(f.better_seconds)}});
  }
  return plain_grid(columns, lines.rows, color_wanted()) +
         (any_split ? "split: only a finer split of k, or of keys, would fill more\n" : "");
}

std::string devices_text(const std::vector<Target>& targets) {
  std::string text;
  for (const Target& target : targets) {
    const KnownDevice& d = *target.device;
    text += wrapped(
        fmt::format("{:<10} {} ({}, {} units)", d.id, d.name, d.architecture, d.compute_units), 13);
    const auto peak = [](const char* name, std::optional<double> rate) {
      return rate ? fmt::format(", {} {}", name, amount(*rate, "FLOP/s")) : "";
    };
    const auto line = [&](const std::string& its) {
      text += wrapped(std::string(11, ' ') + its, 13);
    };
    line(fmt::format("memory {}, L2 {}, last cache {}{}{}{}{}{}{}{}", known(d.memory_rate, "B/s"),
                     known(d.cache_rate, "B/s"), known(d.cache_bytes, "B"), peak("f16", d.f16),
                     peak("bf16", d.bf16), peak("f32", d.f32), peak("tf32", d.tf32),
                     peak("fp8", d.fp8), peak("f32 in the lanes", d.lanes_f32),
                     d.clock_mhz ? fmt::format(", {} MHz", *d.clock_mhz) : ""));
    line(fmt::format("source: {}", d.source));
    if (target.plan == nullptr) {
      line(fmt::format("this build lacks {}: {}", target.backend, target.absent));
    }
  }
  return text;
}

}  // namespace moat::explain
