// SPDX-License-Identifier: Apache-2.0
#include "bench/report/figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/compare/beside.hpp"
#include "bench/compare/bootstrap.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/record/provenance.hpp"
#include "bench/run/case_records.hpp"
#include "bench/text/xml.hpp"

namespace moat {
namespace {

constexpr const char* kPlain = "plain";  // the suite's own loops: a baseline, nobody's library

// Pixels.
constexpr double kWidth = 890;
constexpr double kAxisLeft = 370;
constexpr double kAxisRight = 690;
constexpr double kTop = 86;
constexpr double kRowHeight = 24;

// One problem on one device.
struct Bar {
  std::string label;
  std::string note;  // beside it: the ratio and the library, or why there is none
  std::optional<RatioEstimate> estimate;
  bool plain = false;
};

Series seconds_of(const CaseRecord& c) {
  Series series;
  for (const SeriesRecord& s : c.series) series.push_back(s.seconds);
  return series;
}

const CaseRecord* case_of(const Record& record, const CaseRecord& ours, const std::string& name) {
  for (const CaseRecord& c : record.cases) {
    if (c.problem == ours.problem && c.backend == ours.backend && c.device == ours.device &&
        c.implementation == name) {
      return &c;
    }
  }
  return nullptr;
}

Bar bar_of(const Record& record, const CaseRecord& c, bool several_devices) {
  Bar bar;
  bar.label = c.problem;
  if (several_devices) bar.label += fmt::format(" {}:{}", c.backend, c.device);
  if (c.status != Status::ok) {
    bar.note = name_of(c.status);
    return bar;
  }
  const auto least = std::ranges::min_element(c.ratios, {}, &RatioRecord::ratio);
  if (least == c.ratios.end()) {
    bar.note = "no library";
    return bar;
  }
  bar.note = fmt::format("{:.2f} × {}", least->ratio, least->baseline);
  bar.plain = least->baseline == kPlain;
  const CaseRecord* library = case_of(record, c, least->baseline);
  if (library == nullptr) return bar;
  // A ratio that the sampler would not believe in is no point on an axis.
  if (samples_beside(record, c, least->baseline) < kFewestSamples) {
    bar.note += ", too few samples";
    return bar;
  }
  bar.estimate = ratio_of_medians(seconds_of(c), seconds_of(*library),
                                  {.seed = seed_of(1, c.name), .resamples = 1000});
  bar.estimate->ratio = least->ratio;
  return bar;
}

std::vector<Bar> bars_of(const Record& record) {
  std::vector<Bar> bars;
  for (const CaseRecord& c : record.cases) {
    if (c.implementation == kOurs) bars.push_back(bar_of(record, c, record.devices.size() > 1));
  }
  return bars;
}

// Powers of two around all intervals, at least from one half to two.
struct Axis {
  int low = -1;
  int high = 1;

  explicit Axis(const std::vector<Bar>& bars) {
    for (const Bar& bar : bars) {
      if (!bar.estimate) continue;
      low = std::min(low, static_cast<int>(std::floor(std::log2(bar.estimate->lower))));
      high = std::max(high, static_cast<int>(std::ceil(std::log2(bar.estimate->upper))));
    }
  }

  double x(double ratio) const {
    return kAxisLeft + (kAxisRight - kAxisLeft) * (std::log2(ratio) - low) / (high - low);
  }
};

std::string tick_text(int power) {
  return power < 0 ? fmt::format("1/{}×", 1 << -power) : fmt::format("{}×", 1 << power);
}

std::string device_line(const Record& record) {
  std::string text;
  for (const DeviceRecord& d : record.devices) {
    text += fmt::format("{}{} ({}, {})", text.empty() ? "" : "; ", d.name, d.architecture,
                        compute_units_text(d.compute_units, is_host(record, d)));
  }
  const auto& commit = record.build.commit.value;
  const std::string warning = build_warning(record.build);
  return fmt::format("{} · {} · commit {}{}{}", text, record.run.started.substr(0, 10),
                     commit ? commit->substr(0, 12) : "unknown",
                     record.build.dirty.value.value_or(false) ? " (modified)" : "",
                     warning.empty() ? "" : " · " + warning.substr(0, warning.find(':')));
}

std::string description(const std::vector<Bar>& bars) {
  std::string text;
  for (const Bar& bar : bars) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", bar.label, bar.note);
    if (bar.estimate) {
      text += fmt::format(" ({:.2f} to {:.2f})", bar.estimate->lower, bar.estimate->upper);
    }
  }
  return text + ".";
}

std::string row(const Bar& bar, const Axis& axis, double y) {
  std::string text = fmt::format("<text class=\"label\" x=\"16\" y=\"{:.1f}\">{}</text>\n", y + 4,
                                 escape_xml(bar.label));
  if (bar.estimate) {
    const RatioEstimate& e = *bar.estimate;
    text += fmt::format(
        "<path class=\"interval\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n"
        "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/>\n",
        axis.x(e.lower), y, axis.x(e.upper), bar.plain ? "plain" : "dot", axis.x(e.ratio), y);
  }
  return text + fmt::format("<text class=\"label\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n",
                            kAxisRight + 20, y + 4, escape_xml(bar.note));
}

// GitHub shows the file as an image, whose colours follow the system's setting and not the page's:
// the background of its own keeps it readable on both.
constexpr const char* kStyle = R"(<style>
:root { --bg: #ffffff; --fg: #1f2328; --dim: #59636e; --line: #d1d9e0; --mark: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #151b23; --fg: #f0f6fc; --dim: #9198a1; --line: #3d444d; --mark: #4493f8; }
}
text { fill: var(--fg); font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.title { font-size: 16px; font-weight: 600; }
.dim { fill: var(--dim); font-size: 12px; }
.card { fill: var(--bg); stroke: var(--line); }
.tick { stroke: var(--line); fill: none; }
.one { stroke: var(--dim); fill: none; stroke-dasharray: 4 3; }
.interval { stroke: var(--mark); stroke-width: 3; stroke-linecap: round; fill: none; opacity: .55; }
.dot { fill: var(--mark); }
.plain { fill: var(--bg); stroke: var(--mark); stroke-width: 2; }
</style>
)";

}  // namespace

std::string speed_figure(const Record& record) {
  const std::vector<Bar> bars = bars_of(record);
  const Axis axis(bars);
  const double bottom = kTop + kRowHeight * static_cast<double>(bars.size());
  const double height = bottom + 62;
  const std::string title = "Speed of our kernels beside the fastest library of the same run";
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 "
      "0 "
      "{0:.0f} {1:.0f}\" role=\"img\" aria-labelledby=\"title description\">\n"
      "<title id=\"title\">{2}</title>\n<desc id=\"description\">{3}</desc>\n",
      kWidth, height, title, escape_xml(device_line(record) + ". " + description(bars)));
  svg += kStyle;
  svg += fmt::format(
      "<rect class=\"card\" x=\".5\" y=\".5\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"8\"/>\n"
      "<text class=\"title\" x=\"16\" y=\"28\">{}</text>\n"
      "<text class=\"dim\" x=\"16\" y=\"48\">{}</text>\n",
      kWidth - 1, height - 1, title, escape_xml(device_line(record)));
  for (int power = axis.low; power <= axis.high; ++power) {
    const double x = axis.x(std::exp2(power));
    svg += fmt::format(
        "<path class=\"{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n"
        "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
        power == 0 ? "one" : "tick", x, kTop - 10, bottom - 4, x, bottom + 12, tick_text(power));
  }
  const double one = axis.x(1);
  svg += fmt::format(
      "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">library faster ←</text>\n"
      "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">→ ours faster</text>\n",
      one - 8, kTop - 16, one + 8, kTop - 16);
  double y = kTop + 6;
  for (const Bar& bar : bars) {
    svg += row(bar, axis, y);
    y += kRowHeight;
  }
  svg += fmt::format(
      "<text class=\"dim\" x=\"16\" y=\"{:.1f}\">Dots: median of the library ÷ median of ours. "
      "Bars: "
      "95 % interval from resampling.</text>\n"
      "<text class=\"dim\" x=\"16\" y=\"{:.1f}\">Hollow: the fastest beside ours was the "
      "suite&apos;s "
      "own plain loop.</text>\n",
      bottom + 34, bottom + 50);
  return svg + "</svg>\n";
}

}  // namespace moat
