// SPDX-License-Identifier: Apache-2.0
#include "bench/model/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "bench/model/memory.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"

namespace moat {
namespace {

constexpr const char* kBound =
    "≤, ≥  bounds: the kernels' own times alone, measured one by one, with operands out of\n"
    "      the cache where they are large enough. Left out is all that is between them: launches,\n"
    "      the host's work, communication between devices, loops over tokens. An engine whose\n"
    "      kernels are faster than ours is not bound\n";

std::string devices_sharing(int tp) { return tp == 1 ? "" : fmt::format(", on {} devices", tp); }

std::string heading(const ModelRecord& m) {
  std::string text =
      fmt::format("{}: {} layers, weights in {}{}; {} sequence{} of {} keys", m.name, m.layers,
                  m.weights, devices_sharing(m.tp), m.batch, m.batch == 1 ? "" : "s", m.context);
  if (m.prefill > 0) text += fmt::format("; a prompt of {} tokens", m.prefill);
  return text;
}

// Three digits, and for small amounts as many more as they need.
std::string amount(double x) { return x >= 0.001 ? three_digits(x) : fmt::format("{:.3g}", x); }

std::string grid_of(const ModelStepRecord& step, bool color) {
  const std::vector<Column> columns = {{.title = "operation", .align = Align::left},
                                       {.title = "case", .align = Align::left},
                                       {.title = "times"},
                                       {.title = "each"},
                                       {.title = "together"},
                                       {.title = "of the sum"}};
  std::vector<Row> rows;
  for (const ModelOperationRecord& o : step.operations) {
    if (!o.problem) continue;
    Row row{.cells = {"  " + o.what, *o.problem, fmt::format("{:g}", o.count)}};
    if (o.seconds.value) {
      const double together = o.count * *o.seconds.value;
      row.cells.push_back(format_seconds(*o.seconds.value));
      row.cells.push_back(format_seconds(together));
      const auto& sum = step.seconds_at_least.value;
      row.cells.push_back(sum ? percent(together / *sum) : "–");
    } else {
      row.wrong = true;
      row.cells.insert(row.cells.end(), {"–", "–", "–"});
    }
    rows.push_back(std::move(row));
  }
  return plain_grid(columns, rows, color);
}

// Never 100 % of what is less, nor 0 % of what is more.
std::string share(double x) {
  if (x <= 0 || x >= 1) return percent(x);
  if (x > 0.999) return "more than 99.9 %";
  return x < 0.001 ? "less than 0.1 %" : fmt::format("{:.1f} %", 100 * x);
}

double hot_share(const ModelStepRecord& step) {
  double hot = 0;
  for (const ModelOperationRecord& o : step.operations) {
    if (o.cache == "hot") hot += o.count * *o.seconds.value;
  }
  return hot / *step.seconds_at_least.value;
}

std::string cost_text(const ModelStepRecord& step, const ModelPriceRecord& price) {
  std::string text;
  if (const auto& cost = step.cost_per_million_tokens_at_least) {
    text += fmt::format("  cost ≥ {} {} per million tokens", amount(*cost), price.currency);
    if (const auto& of_work = step.cost_per_exaflop_at_least) {
      text += fmt::format(", ≥ {} {} per 10^18 FLOP", amount(*of_work), price.currency);
    }
    text += '\n';
  }
  if (const auto& joules = step.joules_per_token_at_least) {
    text += fmt::format("  energy ≥ {} J per token, by the watts given\n", amount(*joules));
  }
  return text;
}

std::string lacking_text(const ModelStepRecord& step) {
  std::string text;
  for (const ModelOperationRecord& o : step.operations) {
    if (!o.problem || o.seconds.value) continue;
    text += one_line(fmt::format("    {}: {}", *o.problem, o.seconds.reason)) + '\n';
  }
  return text;
}

std::string step_text(const ModelRecord& m, const ModelStepRecord& step, bool color) {
  std::string text =
      step.step == "decode"
          ? fmt::format("\ndecode: {} token{} a step, one of each sequence, over {} keys\n",
                        step.tokens, step.tokens == 1 ? "" : "s", step.keys)
          : fmt::format("\nprefill: {} tokens, one prompt\n", step.tokens);
  text += grid_of(step, color);
  if (!step.seconds_at_least.value) {
    return text + one_line(fmt::format("  no rate: {}", step.seconds_at_least.reason)) + '\n' +
           lacking_text(step) +
           "  The same command measures what is missing; with --from RECORD it takes the rest "
           "from the record\n";
  }
  const double seconds = *step.seconds_at_least.value;
  double layers = 0;
  for (const ModelOperationRecord& o : step.operations) {
    if (o.problem && o.in_layers) layers += o.count * *o.seconds.value;
  }
  text += fmt::format(
      "  {} tokens/s ≤: a step takes ≥ {}, a layer ≥ {} (mean of {}), the rest ≥ {}\n",
      three_digits(*step.tokens_per_second_at_most.value), format_seconds(seconds),
      format_seconds(layers / m.layers), m.layers, format_seconds(std::max(seconds - layers, 0.0)));
  text += fmt::format("  measured kernels cover {} of the FLOPs and {} of the bytes\n",
                      share(step.flops_covered), share(step.bytes_covered));
  if (const double hot = hot_share(step); hot > 0) {
    text += fmt::format("  {} of the sum is of cases too small to leave the cache\n", share(hot));
  }
  if (m.price) text += cost_text(step, *m.price);
  return text;
}

std::string not_covered(const ModelRecord& m, const ModelDeviceRecord& device) {
  std::string text;
  for (const ModelStepRecord& step : device.steps) {
    for (const ModelOperationRecord& o : step.operations) {
      if (o.problem) continue;
      text += one_line(fmt::format("  {}: {}, {:g} times, {} each{}: {}", step.step, o.what,
                                   o.count, format_bytes(o.bytes),
                                   o.flops > 0 ? fmt::format(", {:.3g} FLOP", o.flops) : "",
                                   o.seconds.reason)) +
              '\n';
    }
  }
  for (const std::string& what : m.left_out) text += one_line("  " + what) + '\n';
  return text.empty() ? "" : "\nnot covered:\n" + text;
}

std::string memory_text(const ModelRecord& m, const ModelDeviceRecord& device,
                        const DeviceRecord& d) {
  const double needed = total_bytes(m.memory);
  const auto held = static_cast<double>(d.memory_bytes);
  std::string text =
      fmt::format("\nmemory{}: {} of {}: {}\n", m.tp == 1 ? "" : " of each device",
                  format_bytes(needed), format_bytes(held), device.fits ? "fits" : "does not fit");
  std::vector<Row> rows;
  for (const ModelMemoryRecord& part : m.memory) {
    rows.push_back({.cells = {"  " + part.what, format_bytes(part.bytes), part.arithmetic}});
  }
  return text + plain_grid({{.title = "  of", .align = Align::left},
                            {.title = "takes"},
                            {.title = "which is", .align = Align::left}},
                           rows, false);
}

std::string price_text(const ModelPriceRecord& p) {
  std::string text = "\ngiven, not measured, for one device:";
  if (p.per_hour) {
    text += fmt::format(" {:g} {} an hour ({})", *p.per_hour, p.currency,
                        p.source.value_or("no source given"));
  }
  if (p.watts) text += fmt::format("{} {:g} W", p.per_hour ? "," : "", *p.watts);
  if (p.per_kilowatt_hour) {
    text += fmt::format(", {:g} {} per kWh", *p.per_kilowatt_hour, p.currency);
  }
  return one_line(text.substr(1)).insert(0, "\n") + '\n';
}

std::string sources_text(const ModelDeviceRecord& device) {
  std::set<std::string> records;
  for (const ModelStepRecord& step : device.steps) {
    for (const ModelOperationRecord& o : step.operations) {
      if (o.record) records.insert(*o.record);
    }
  }
  if (records.empty()) return "";
  return one_line(fmt::format("times in part from {}", fmt::join(records, ", "))) + '\n';
}

}  // namespace

std::string format_bytes(double bytes) {
  constexpr std::array kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format("{} {}", unit == 0 ? fmt::format("{:g}", bytes) : three_digits(bytes),
                     kUnits[unit]);
}

std::string model_text(const Record& record, bool color) {
  const ModelRecord& m = *record.model;
  std::string text = one_line(heading(m)) + '\n';
  for (const ModelDeviceRecord& device : m.devices) {
    const auto d = std::ranges::find_if(record.devices, [&](const DeviceRecord& x) {
      return x.backend == device.backend && x.index == device.device;
    });
    if (d == record.devices.end()) continue;
    text +=
        one_line(fmt::format("{}:{}  {} ({}, {})", d->backend, d->index, d->name, d->architecture,
                             compute_units_text(d->compute_units, is_host(record, *d)))) +
        '\n' + sources_text(device);
    for (const ModelStepRecord& step : device.steps) text += step_text(m, step, color);
    text += memory_text(m, device, *d);
  }
  if (!m.devices.empty()) text += not_covered(m, m.devices.front());
  if (m.price) text += price_text(*m.price);
  return text + '\n' + kBound;
}

}  // namespace moat
