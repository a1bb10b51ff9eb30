// SPDX-License-Identifier: Apache-2.0
#include "bench/software/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/software/pairings.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"

namespace moat {
namespace {

// Ratios nearer to the predicted one than this are as predicted, and nearer than this to that of
// bytes are of a fused way what its bytes let expect.
constexpr double kAsPredicted = 0.1;
constexpr double kAsBytes = 0.15;

// 33.6 M, 67.1 MB
std::string with_prefix(double x, std::string_view unit) {
  constexpr std::array kPrefixes{"", "k", "M", "G", "T", "P"};
  std::size_t i = 0;
  for (; x >= 999.5 && i + 1 < kPrefixes.size(); ++i) x /= 1000;
  return fmt::format("{} {}{}", i == 0 ? fmt::format("{:.0f}", x) : three_digits(x), kPrefixes[i],
                     unit);
}

std::string text_of(const Json& json, const char* key) { return json.at(key).get<std::string>(); }

const Json* comparison_of(const Json& pairing, const std::string& plain, const std::string& way) {
  for (const Json& c : pairing.at("comparisons")) {
    if (c.at("plain") == plain && c.at("way") == way) return &c;
  }
  return nullptr;
}

std::string measured(const Json* comparison, bool interval) {
  if (comparison == nullptr || comparison->at("measured").is_null()) return "";
  const std::string ratio = three_digits(comparison->at("measured").get<double>());
  if (!interval) return ratio;
  return fmt::format("{} ({} – {})", ratio,
                     three_digits(comparison->at("interval").at(0).get<double>()),
                     three_digits(comparison->at("interval").at(1).get<double>()));
}

std::string predicted(const Json* comparison) {
  if (comparison == nullptr || comparison->at("predicted").is_null()) return "";
  return three_digits(comparison->at("predicted").get<double>()) +
         (comparison->value("predicted_from_memory_alone", false) ? " (memory alone)" : "");
}

std::string of_bytes(const Json* comparison) {
  if (comparison == nullptr || !comparison->contains("bytes_ratio") ||
      comparison->at("bytes_ratio").is_null()) {
    return "";
  }
  return three_digits(comparison->at("bytes_ratio").get<double>());
}

// "12 % less": of a quotient below or above 1.
std::string off(double quotient) {
  return fmt::format("{} {}", percent(std::abs(quotient - 1)), quotient < 1 ? "less" : "more");
}

const Json* way_of(const Json& pairing, const std::string& name) {
  for (const Json& w : pairing.at("ways")) {
    if (w.at("name") == name) return &w;
  }
  return nullptr;
}

// Where measurement and prediction part, by how much, and which side of the ratio does.
std::string parting(const Json& pairing, const Json& c) {
  const std::string plain = text_of(c, "plain");
  const std::string name = text_of(c, "way");
  if (c.at("measured").is_null()) {
    // Of a way without a time its own line tells why.
    const bool timed =
        way_of(pairing, plain)->contains("seconds") && way_of(pairing, name)->contains("seconds");
    return timed ? fmt::format("no ratio {} ÷ {}: {}", plain, name, text_of(c, "measured_reason"))
                 : std::string();
  }
  const Json* before = way_of(pairing, plain);
  const Json* after = way_of(pairing, name);
  std::string shares;
  if (before->contains("of_ceiling") && after->contains("of_ceiling")) {
    shares = fmt::format(" ({} reaches {} of its ceilings, {} {})", plain,
                         percent(before->at("of_ceiling").get<double>()), name,
                         percent(after->at("of_ceiling").get<double>()));
  }
  if (c.contains("measured_over_bytes")) {
    const double quotient = c.at("measured_over_bytes").get<double>();
    return fmt::format("{} gains {} × by moving {} × fewer bytes: {}, {} {:.0f} %{}", name,
                       measured(&c, false), of_bytes(&c), off(quotient),
                       std::abs(quotient - 1) <= kAsBytes ? "within" : "beyond", 100 * kAsBytes,
                       shares);
  }
  if (!c.contains("measured_over_predicted")) return "";
  const double quotient = c.at("measured_over_predicted").get<double>();
  if (std::abs(quotient - 1) <= kAsPredicted) {
    return fmt::format("{} gains what the ceilings predict{}", name, shares);
  }
  return fmt::format("{} gains {} than the ceilings predict{}", name, off(quotient), shares);
}

// Why ratios have no prediction, each reason once.
std::vector<std::string> unpredicted(const Json& pairing, const std::string& plain) {
  std::vector<std::pair<std::string, std::string>> reasons;  // the ways, and why
  for (const Json& c : pairing.at("comparisons")) {
    if (c.at("plain") != plain || c.at("measured").is_null() || !c.at("predicted").is_null()) {
      continue;
    }
    const std::string why = text_of(c, "predicted_reason");
    const std::string name = text_of(c, "way");
    const auto known =
        std::ranges::find(reasons, why, &std::pair<std::string, std::string>::second);
    if (known == reasons.end()) {
      reasons.emplace_back(name, why);
    } else {
      known->first += ", " + name;
    }
  }
  std::vector<std::string> notes;
  for (const auto& [names, why] : reasons) {
    notes.push_back(fmt::format("no prediction of {} ÷ {}: {}", plain, names, why));
  }
  return notes;
}

// 2.36 MB, 1152 B a token
std::string kept(const Json& way) {
  if (!way.contains("kept_bytes") || way.at("kept_bytes").get<double>() == 0) return "";
  std::string text = with_prefix(way.at("kept_bytes").get<double>(), "B");
  if (way.contains("kept_bytes_per_token")) {
    text += fmt::format(", {:.0f} B a token", way.at("kept_bytes_per_token").get<double>());
  }
  return text;
}

std::string pairing_text(const Json& pairing, bool color) {
  const std::string plain = text_of(pairing.at("ways").at(0), "name");
  const std::vector<Column> columns{{.title = "  way", .align = Align::left},
                                    {.title = "time"},
                                    {.title = "FLOPs"},
                                    {.title = "bytes"},
                                    {.title = "kept"},
                                    {.title = "of ceiling"},
                                    {.title = plain + " ÷ this"},
                                    {.title = "predicted"},
                                    {.title = "of bytes"},
                                    {.title = "previous ÷ this"},
                                    {.title = "case", .align = Align::left}};
  std::vector<Row> rows;
  std::vector<std::string> notes;
  std::string previous;
  for (const Json& w : pairing.at("ways")) {
    const std::string name = text_of(w, "name");
    const std::string status = text_of(w, "status");
    const Json* beside = comparison_of(pairing, plain, name);
    const auto count = [&](const char* key, std::string_view unit) {
      return w.contains(key) && w.at(key).get<double>() > 0
                 ? with_prefix(w.at(key).get<double>(), unit)
                 : std::string();
    };
    std::string share;
    if (w.contains("of_ceiling")) {
      share = fmt::format("{} {}", percent(w.at("of_ceiling").get<double>()), text_of(w, "bound"));
    }
    rows.push_back(
        {.cells = {"  " + name,
                   w.contains("seconds") ? format_seconds(w.at("seconds").get<double>()) : status,
                   count("flops", ""), count("bytes", "B"), kept(w), share, measured(beside, true),
                   predicted(beside), of_bytes(beside),
                   previous.empty() || previous == plain
                       ? std::string()
                       : measured(comparison_of(pairing, previous, name), false),
                   text_of(w, "way")},
         .wrong = status == "failed" || status == "suspect" || status == "error"});
    if (w.contains("reason")) {
      notes.push_back(fmt::format("{}: {}: {}", name, status, text_of(w, "reason")));
    }
    if (w.contains("between") && w.at("between") == "cache" && w.contains("seconds")) {
      notes.push_back(fmt::format("{} leaves {} between its steps, which this device's cache holds",
                                  name, with_prefix(w.at("between_bytes").get<double>(), "B")));
    }
    if (w.contains("cache") && w.at("cache") == "hot") {
      notes.push_back(fmt::format("{} finds its operands in the cache: memory does not bind it", name));
    }
    if (beside != nullptr) {
      if (std::string note = parting(pairing, *beside); !note.empty()) {
        notes.push_back(std::move(note));
      }
    }
    previous = name;
  }
  std::ranges::move(unpredicted(pairing, plain), std::back_inserter(notes));
  std::string text = fmt::format("\n{} on {}: {}\n", text_of(pairing, "name"),
                                 text_of(pairing, "device"), text_of(pairing, "says"));
  text += plain_grid(columns, rows, color);
  for (const std::string& note : notes) text += fmt::format("  - {}\n", one_line(note));
  return text;
}

// "from a length between 2048 and 4096 on"
std::string range_of(const Json& crossing) {
  if (crossing.contains("reason")) return "not known: " + text_of(crossing, "reason");
  const Json& above = crossing.at("above");
  const Json& up_to = crossing.at("up_to");
  if (up_to.is_null()) return fmt::format("at no length up to {:.0f}", above.get<double>());
  if (above.is_null()) return fmt::format("from {:.0f} on or less", up_to.get<double>());
  std::string text = fmt::format("from a length between {:.0f} and {:.0f} on", above.get<double>(),
                                 up_to.get<double>());
  if (crossing.contains("length")) {
    text += fmt::format(", about {}", three_digits(crossing.at("length").get<double>()));
  }
  return text;
}

std::string crossing_text(const Json& c) {
  return fmt::format(
      "\n{} on {}: {} takes less time than {}\n  - measured: {}\n  - predicted by the ceilings: "
      "{}\n",
      text_of(c, "series"), text_of(c, "device"), text_of(c, "way"), text_of(c, "plain"),
      range_of(c.at("measured")), range_of(c.at("predicted")));
}

std::string device_text(const Json& device) {
  const Json& c = device.at("ceilings");
  std::string text = fmt::format("{}  {} ({})\n   measured ceilings:", text_of(device, "name"),
                                 text_of(device, "device"), text_of(device, "architecture"));
  std::string missing;
  const char* separator = " ";
  for (const auto& [key, rate] : c.items()) {
    if (key.ends_with("_reason") || key.ends_with("_from")) continue;
    const bool arithmetic = key.starts_with("flops_");
    const std::string name = arithmetic ? key.substr(6) : key.substr(0, key.find('_'));
    if (rate.is_null()) {
      missing += fmt::format("   no {} ceiling: {}\n", name, text_of(c, (key + "_reason").c_str()));
    } else {
      text += fmt::format("{}{} {}{}", separator, name,
                          with_prefix(rate.get<double>(), arithmetic ? "FLOP/s" : "B/s"),
                          c.contains(key + "_from") ? " (beside the ways)" : "");
      separator = ", ";
    }
  }
  if (*separator == ' ') text += " none";
  return text + "\n" + missing;
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "share") return fmt::format("{:.1f} %", 100 * value);
  if (unit == "bytes") return fmt::format("{:.0f} bytes", value);
  return fmt::format("{} ×", three_digits(value));
}

std::string judged_value(const Json& result, const std::string& unit) {
  if (!result.contains("value")) return text_of(result, "reason");
  std::string text = value_text(result.at("value").get<double>(), unit);
  if (result.contains("interval")) {
    text += fmt::format(" (95 % interval {} – {})",
                        value_text(result.at("interval").at(0).get<double>(), unit),
                        value_text(result.at("interval").at(1).get<double>(), unit));
  }
  if (result.contains("reason")) text += ": " + text_of(result, "reason");
  return text;
}

}  // namespace

std::string comparison_text(const Json& document, bool color) {
  std::string text;
  for (const Json& d : document.at("devices")) text += device_text(d);
  for (const Json& p : document.at("pairings")) text += pairing_text(p, color);
  for (const Json& c : document.value("crossings", Json::array())) text += crossing_text(c);
  for (const Json& s : document.at("skipped_backends")) {
    text += fmt::format("\nskipped: backend {}: {}\n", text_of(s, "backend"), text_of(s, "reason"));
  }
  return text;
}

std::string claims_text(const Json& results) {
  std::string text;
  for (const Json& r : results) {
    const std::string verdict = text_of(r, "verdict");
    text +=
        fmt::format("{}: {}{}\n  {}\n", verdict, text_of(r, "id"),
                    r.contains("device") ? " on " + text_of(r, "device") : "", text_of(r, "says"));
    if (r.contains("source")) text += fmt::format("  source: {}\n", text_of(r, "source"));
    text += fmt::format("  {}: {}\n", text_of(r, "what"), judged_value(r, text_of(r, "unit")));
    for (const Json& other : r.at("readings")) {
      const std::string others = text_of(other, "verdict");
      text += fmt::format("  {} {} for {}: {}\n", others == verdict ? "also" : "but", others,
                          text_of(other, "what"), judged_value(other, text_of(other, "unit")));
    }
  }
  return text;
}

std::string pairings_text(const std::vector<Pairing>& chosen) {
  std::string text = "Pairings; the first way is the plain one\n";
  for (const Pairing& p : chosen) {
    text += fmt::format("  {}: {}\n", p.name, p.says);
    for (const Way& w : p.ways) {
      const std::string missing = read_way(w.text).missing;
      text += fmt::format("    {:<12} {}{}\n", w.name, w.text,
                          missing.empty() ? "" : ": skipped: " + missing);
    }
  }
  text += "\nChains, for CHAIN:CASE\n";
  for (const Chain& c : chains()) text += fmt::format("  {:<14} {}\n", c.name, c.text);
  return text;
}

}  // namespace moat
