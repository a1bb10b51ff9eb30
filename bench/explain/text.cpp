// SPDX-License-Identifier: Apache-2.0
#include "bench/explain/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"
#include "bench/text/terminal.hpp"

namespace moat::explain {
namespace {

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
  return (complete ? "" : "at least ") + format_seconds(seconds);
}
std::string at_least(const Prediction& p) { return at_least(p.seconds, p.complete); }

// Of kernels whose edges are not modelled nothing is known.
std::string useful_text(const LaunchModel& m) {
  return m.launch.products.empty() || m.work.tile_flops > 0 ? percent(m.useful) : "?";
}

std::string share_text(const Prediction& p) { return p.share ? percent(*p.share) : "-"; }

const LaunchModel& main_of(const Prediction& p) { return p.launches[p.main]; }

std::string launch_text(const LaunchModel& m, const KnownDevice& device, std::size_t number) {
  const PlannedLaunch& l = m.launch;
  const auto line = [](std::string_view name, const std::string& text) {
    return fmt::format("     {:<10} {}\n", name, text);
  };
  std::string text = fmt::format("  {}. {}\n", number, kernel_text(l));
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
                         m.work.dealt ? "to the units in turn" : "to the unit that is free first"));
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
  text +=
      line("bound by", fmt::format("{}: {}", limit_text(m.bound, l), format_seconds(m.seconds)));
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

std::string details(const Row& row) {
  const KnownDevice& device = *row.target.device;
  const Explanation& e = row.explanation;
  std::string text =
      fmt::format("{} on {} ({}, {} units)\n", e.name, device.name,
                  e.refused.empty() ? row.target.backend + "/" + e.family : row.target.backend,
                  device.compute_units);
  if (!e.refused.empty()) return text + fmt::format("  refused: {}\n", e.refused);
  if (e.chosen.launches.empty()) return text + "  nothing to launch\n";
  for (std::size_t i = 0; i < e.chosen.launches.size(); ++i) {
    text += launch_text(e.chosen.launches[i], device, i + 1);
  }
  text += fmt::format("  predicted, not measured: {}, {}/s, {}/s", at_least(e.chosen),
                      amount(e.flops / e.chosen.seconds, "FLOP"),
                      amount(e.bytes / e.chosen.seconds, "B"));
  if (e.chosen.share) text += fmt::format("; {} of the peak that binds", share_text(e.chosen));
  text += "\n";
  if (e.others.empty()) return text;
  text +=
      "  the menu of the kernel's table, and other ranges of keys or of k, each predicted here:\n";
  const auto choice = [&](const Prediction& p, const char* mark) {
    const LaunchModel& m = main_of(p);
    text += fmt::format(
        "     {:<9} {:<34} {:>6} items, fill {:>5.1f} %, useful {:>6}, reads {:>7}: {}\n", mark,
        m.launch.schedule_name, m.work.items, 100 * m.fill, useful_text(m),
        m.cache.amount > 0 ? amount(m.cache.amount, "B") : "?", at_least(p));
  };
  choice(e.chosen, "chosen");
  constexpr std::size_t kShown = 6;
  for (std::size_t i = 0; i < std::min(kShown, e.others.size()); ++i) choice(e.others[i], "");
  return text;
}

std::string summary(const std::vector<Row>& rows) {
  const std::vector<Column> columns{{"case", Align::left},
                                    {"device", Align::left},
                                    {"schedule", Align::left},
                                    {"blocks"},
                                    {"waves"},
                                    {"fill"},
                                    {"useful"},
                                    {"predicted"},
                                    {"bound by", Align::left},
                                    {"of peak"}};
  std::vector<moat::Row> lines;
  for (const Row& row : rows) {
    const Explanation& e = row.explanation;
    const std::string device(row.target.device->id);
    if (!e.refused.empty() || e.chosen.launches.empty()) {
      const std::string why = e.refused.empty() ? "nothing to launch" : "refused: " + e.refused;
      lines.push_back({.cells = {fmt::format("{} on {}: {}", e.name, device, why)}, .wrong = true});
      continue;
    }
    const LaunchModel& m = main_of(e.chosen);
    const std::size_t more = e.chosen.launches.size() - 1;
    lines.push_back(
        {.cells = {e.name, device,
                   m.launch.schedule_name + (more > 0 ? fmt::format(" and {} more", more) : ""),
                   std::to_string(m.launch.blocks), fmt::format("{:.2f}", m.waves), percent(m.fill),
                   useful_text(m), at_least(e.chosen), limit_text(e.chosen.bound, m.launch),
                   share_text(e.chosen)}});
  }
  return plain_grid(columns, lines, color_wanted());
}

std::string findings_text(const std::vector<Finding>& findings) {
  const std::vector<Column> columns{{"case", Align::left},
                                    {"device", Align::left},
                                    {"mend", Align::left},
                                    {"schedule", Align::left},
                                    {"fill"},
                                    {"predicted"},
                                    {"better", Align::left},
                                    {"fill"},
                                    {"predicted"}};
  std::vector<moat::Row> lines;
  for (const Finding& f : findings) {
    const bool planned = f.mend != Mend::split;
    lines.push_back(
        {.cells = {f.name, f.device, std::string(name_of(f.mend)), f.launch.schedule_name,
                   percent(f.fill), at_least(f.seconds, f.complete),
                   planned ? f.better : "only a finer split of k, or of keys",
                   planned ? percent(f.better_fill) : "",
                   planned ? format_seconds(f.better_seconds) : ""}});
  }
  return plain_grid(columns, lines, color_wanted());
}

std::string devices_text(const std::vector<Target>& targets) {
  std::string text;
  for (const Target& target : targets) {
    const KnownDevice& d = *target.device;
    text +=
        fmt::format("{:<10} {} ({}, {} units)\n", d.id, d.name, d.architecture, d.compute_units);
    const auto peak = [](const char* name, std::optional<double> rate) {
      return rate ? fmt::format(", {} {}", name, amount(*rate, "FLOP/s")) : "";
    };
    text += fmt::format("           memory {}, L2 {}, last cache {}{}{}{}{}{}{}{}\n",
                        known(d.memory_rate, "B/s"), known(d.cache_rate, "B/s"),
                        known(d.cache_bytes, "B"), peak("f16", d.f16), peak("bf16", d.bf16),
                        peak("f32", d.f32), peak("tf32", d.tf32), peak("fp8", d.fp8),
                        peak("f32 in the lanes", d.lanes_f32),
                        d.clock_mhz ? fmt::format(", {} MHz", *d.clock_mhz) : "");
    text += fmt::format("           source: {}\n", d.source);
    if (target.plan == nullptr) {
      text += fmt::format("           this build lacks {}: {}\n", target.backend, target.absent);
    }
  }
  return text;
}

}  // namespace moat::explain
