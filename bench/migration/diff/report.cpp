// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/record/csv.hpp"

namespace moat {
namespace {

constexpr std::array<PortClass, kPortClassCount> kClasses = {
    PortClass::kRename,        PortClass::kInclude,   PortClass::kGuard,     PortClass::kLaunch,
    PortClass::kArgumentOrder, PortClass::kWarpWidth, PortClass::kIntrinsic, PortClass::kLibrary,
    PortClass::kOther,         PortClass::kDropped,   PortClass::kNewFile};

std::vector<std::pair<std::pair<std::string, std::string>, int>> most_frequent(
    const UnlistedRenames& renames, std::size_t count) {
  std::vector<std::pair<std::pair<std::string, std::string>, int>> list(renames.begin(),
                                                                        renames.end());
  std::ranges::stable_sort(list, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (list.size() > count) list.resize(count);
  return list;
}

Json lines_json(const std::vector<ChangedLine>& lines) {
  Json list = Json::array();
  for (const ChangedLine& line : lines) {
    list.push_back({{"line", line.number},
                    {"class", port_class_name(line.port_class)},
                    {"mechanical", line.mechanical},
                    {"text", to_utf8(line.text)}});
  }
  return list;
}

Json whole_json(const std::vector<WholeFile>& files, bool dropped) {
  Json list = Json::array();
  for (const WholeFile& f : files) {
    list.push_back(
        {{"path", to_utf8(f.path)}, {"sloc", dropped ? f.counts.base_sloc : f.counts.port_sloc}});
  }
  return list;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = lead < 0x80                    ? 1
                               : lead >= 0xc2 && lead < 0xe0  ? 2
                               : lead >= 0xe0 && lead < 0xf0  ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    bool valid = length > 0 && i + length <= bytes.size();
    std::uint32_t code = length == 0 ? 0 : lead & (0xffU >> (length == 1 ? 0 : length + 1));
    for (std::size_t k = 1; valid && k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      valid = (next & 0xc0U) == 0x80;
      code = code << 6U | (next & 0x3fU);
    }
    // Overlong forms, surrogates and what is beyond Unicode.
    if (length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) valid = false;
    if (length == 4 && (code < 0x10000 || code > 0x10ffff)) valid = false;
    text.append(valid ? bytes.substr(i, length) : "\xef\xbf\xbd");
    i += valid ? length : 1;
  }
  return text;
}

std::string percent(const Share& share) {
  return share.defined() ? fmt::format("{:.1f} %", 100 * share.value()) : "n/a";
}

Json counts_json(const DiffCounts& c) {
  return {{"base_sloc", c.base_sloc},     {"port_sloc", c.port_sloc},
          {"removed", c.removed},         {"added", c.added},
          {"max_side", c.max_side},       {"base_tokens", c.base_tokens},
          {"port_tokens", c.port_tokens}, {"token_edits", c.token_edits},
          {"mechanical", c.mechanical()}};
}

Json classes_json(const DiffCounts& counts) {
  Json classes = Json::object();
  for (const PortClass c : kClasses) {
    const ClassCount& n = counts.of(c);
    classes[std::string(port_class_name(c))] = {{"removed", n.removed},
                                                {"added", n.added},
                                                {"mechanical_removed", n.mechanical_removed},
                                                {"mechanical_added", n.mechanical_added}};
  }
  return classes;
}

Json share_json(const Share& share) {
  return {{"numerator", share.numerator},
          {"denominator", share.denominator},
          {"value", share.defined() ? Json(share.value()) : Json(nullptr)}};
}

Json shares_json(const TreeDiff& diff) {
  Json shares = Json::object();
  for (const PortMetric& metric : port_metrics()) {
    shares[std::string(metric.name)] = share_json(metric.of(diff));
  }
  return shares;
}

Json diff_json(const TreeDiff& diff) {
  Json pairs = Json::array();
  for (const PairDiff& pair : diff.pairs) {
    Json entry = {{"base", to_utf8(pair.files.base)},
                  {"port", to_utf8(pair.files.port)},
                  {"matched_by", matched_by_name(pair.files.by)}};
    entry.update(counts_json(pair.counts));
    if (!pair.removed.empty()) entry["removed_lines"] = lines_json(pair.removed);
    if (!pair.added.empty()) entry["added_lines"] = lines_json(pair.added);
    pairs.push_back(entry);
  }
  Json unlisted = Json::array();
  for (const auto& [names, n] : most_frequent(diff.unlisted, 50)) {
    unlisted.push_back(
        {{"from", to_utf8(names.first)}, {"to", to_utf8(names.second)}, {"count", n}});
  }
  Json skipped = Json::array();
  for (const Skipped& s : diff.skipped) {
    skipped.push_back({{"path", to_utf8(s.path)}, {"reason", to_utf8(s.reason)}});
  }
  const auto edited = diff.edited_files();
  return {{"schema", "moat-port-diff"},
          {"version", 1},
          {"base", to_utf8(diff.base)},
          {"port", to_utf8(diff.port)},
          {"from", diff.from},
          {"to", diff.to},
          {"renames",
           {{"table", diff.table}, {"version", diff.table_version}, {"names", diff.table_names}}},
          {"files",
           {{"matched", diff.pairs.size()},
            {"edited", edited},
            {"unchanged", diff.pairs.size() - static_cast<std::size_t>(edited)},
            {"dropped", diff.dropped.size()},
            {"new", diff.added.size()},
            {"skipped", diff.skipped.size()}}},
          {"matched", counts_json(diff.matched)},
          {"whole", counts_json(diff.whole)},
          {"shares", shares_json(diff)},
          {"classes", classes_json(diff.whole)},
          {"pairs", pairs},
          {"dropped", whole_json(diff.dropped, true)},
          {"new", whole_json(diff.added, false)},
          {"unlisted_renames", unlisted},
          {"skipped", skipped},
          {"warnings", diff.warnings}};
}

std::string diff_text(const TreeDiff& diff, std::size_t files) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "base  {} ({})\nport  {} ({})\nrenames  {} {}, {} names\n", diff.base,
                 diff.from, diff.port, diff.to, diff.table, diff.table_version, diff.table_names);
  fmt::format_to(out, "files  {} matched, {} of them edited; {} dropped, {} new, {} skipped\n\n",
                 diff.pairs.size(), diff.edited_files(), diff.dropped.size(), diff.added.size(),
                 diff.skipped.size());
  for (const PortMetric& metric : port_metrics()) {
    const Share share = metric.of(diff);
    fmt::format_to(out, "{:<20}{:>8}  {} of {} ({} / {})\n", metric.name, percent(share),
                   share.numerator, share.denominator, metric.numerator, metric.denominator);
  }
  fmt::format_to(out, "\n{:<16}{:>9}{:>9}{:>13}\n", "changed lines", "removed", "added",
                 "mechanical");
  for (const PortClass c : kClasses) {
    const ClassCount& n = diff.whole.of(c);
    if (n.removed + n.added == 0) continue;
    fmt::format_to(out, "{:<16}{:>9}{:>9}{:>13}\n", port_class_name(c), n.removed, n.added,
                   n.mechanical_removed + n.mechanical_added);
  }
  fmt::format_to(out, "{:<16}{:>9}{:>9}{:>13}\n", "all", diff.whole.removed, diff.whole.added,
                 diff.whole.mechanical());

  std::vector<const PairDiff*> pairs;
  for (const PairDiff& pair : diff.pairs) pairs.push_back(&pair);
  std::ranges::stable_sort(pairs, [](const PairDiff* a, const PairDiff* b) {
    return a->counts.removed + a->counts.added > b->counts.removed + b->counts.added;
  });
  const std::size_t shown = files == 0 ? pairs.size() : std::min(files, pairs.size());
  if (!pairs.empty()) {
    fmt::format_to(out, "\n{:>9}{:>9}{:>8}{:>8}  matched by  file\n", "removed", "added", "of",
                   "hand");
  }
  for (std::size_t i = 0; i < shown; ++i) {
    const PairDiff& p = *pairs[i];
    const std::int64_t all = p.counts.removed + p.counts.added;
    fmt::format_to(out, "{:>9}{:>9}{:>8}{:>8}  {:<10}  {}\n", p.counts.removed, p.counts.added,
                   p.counts.base_sloc, all - p.counts.mechanical(), matched_by_name(p.files.by),
                   p.files.base == p.files.port
                       ? p.files.base
                       : fmt::format("{} → {}", p.files.base, p.files.port));
  }
  if (shown < pairs.size()) {
    fmt::format_to(out, "          and {} more pairs: --files 0 prints all\n",
                   pairs.size() - shown);
  }
  for (const WholeFile& f : diff.dropped) {
    fmt::format_to(out, "dropped  {}, {} lines\n", f.path, f.counts.base_sloc);
  }
  for (const WholeFile& f : diff.added) {
    fmt::format_to(out, "new      {}, {} lines\n", f.path, f.counts.port_sloc);
  }
  for (const Skipped& s : diff.skipped) {
    fmt::format_to(out, "skipped  {}: {}\n", s.path, s.reason);
  }
  if (!diff.unlisted.empty()) {
    fmt::format_to(out, "\nidentifiers replaced one for one that the table does not name:\n");
    for (const auto& [names, n] : most_frequent(diff.unlisted, 10)) {
      fmt::format_to(out, "  {:>4} ×  {} → {}\n", n, names.first, names.second);
    }
  }
  for (const std::string& warning : diff.warnings) fmt::format_to(out, "warning: {}\n", warning);
  return text;
}

std::string diff_csv(const TreeDiff& diff) {
  std::string text =
      "base,port,matched_by,base_sloc,port_sloc,removed,added,max_side,token_edits,mechanical\n";
  const auto row = [&](const std::string& base, const std::string& port, std::string_view by,
                       const DiffCounts& c) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{},{},{}\n", csv_field(base),
                   csv_field(port), by, c.base_sloc, c.port_sloc, c.removed, c.added, c.max_side,
                   c.token_edits, c.mechanical());
  };
  for (const PairDiff& p : diff.pairs) {
    row(p.files.base, p.files.port, matched_by_name(p.files.by), p.counts);
  }
  for (const WholeFile& f : diff.dropped) row(f.path, "", "dropped", f.counts);
  for (const WholeFile& f : diff.added) row("", f.path, "new", f.counts);
  return text;
}

std::string diff_lines_text(const TreeDiff& diff) {
  std::string text;
  const auto side = [&](const std::string& path, char sign, const std::vector<ChangedLine>& lines) {
    for (const ChangedLine& line : lines) {
      fmt::format_to(std::back_inserter(text), "{}:{}: {} {}{}: {}\n", path, line.number, sign,
                     port_class_name(line.port_class), line.mechanical ? " (mechanical)" : "",
                     line.text);
    }
  };
  for (const PairDiff& pair : diff.pairs) {
    side(pair.files.base, '-', pair.removed);
    side(pair.files.port, '+', pair.added);
  }
  return text;
}

}  // namespace moat
