// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/score.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "bench/migration/diff/report.hpp"

namespace moat {
namespace {

using Place = std::pair<std::string, std::uint32_t>;

// Whether a name that maps so has to be edited. What the table does not hold predicts nothing, and
// whether a launch changes depends on the compiler.
bool predicts_change(const std::string& mapping) {
  return mapping == "rename" || mapping == "arguments differ" || mapping == "no equivalent";
}

struct Changes {
  std::set<std::string> files;  // of the base, with a counterpart
  std::map<Place, const ChangedLine*> lines;

  explicit Changes(const TreeDiff& diff) {
    for (const PairDiff& pair : diff.pairs) {
      const std::string file = to_utf8(pair.files.base);
      files.insert(file);
      for (const ChangedLine& line : pair.removed) lines[{file, line.number}] = &line;
    }
  }
};

Json ratio(std::size_t numerator, std::size_t denominator) {
  return share_json({static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator)});
}

Json group_json(const std::set<Place>& places, const Changes& changes) {
  std::size_t changed = 0;
  std::size_t mechanical = 0;
  for (const Place& place : places) {
    const auto it = changes.lines.find(place);
    if (it == changes.lines.end()) continue;
    ++changed;
    if (it->second->mechanical) ++mechanical;
  }
  return {{"lines", places.size()}, {"changed", changed}, {"mechanical", mechanical}};
}

Json score(const Json& scan, const TreeDiff& diff) {
  if (scan.at("schema") != "moat-port-scan" || scan.at("version") != 1) {
    throw std::invalid_argument("not of schema moat-port-scan, version 1");
  }
  if (scan.at("from") != diff.from || scan.at("to") != diff.to) {
    throw std::invalid_argument(
        fmt::format("predicts a port from {} to {}, but this one is from {} to {} (--from, --to)",
                    scan.at("from").dump(), scan.at("to").dump(), diff.from, diff.to));
  }
  if (scan.at("sloc") != diff.whole.base_sloc) {
    throw std::invalid_argument(fmt::format(
        "scanned {} lines of code, but the base has {}: it is of another tree, or version of it",
        scan.at("sloc").dump(), diff.whole.base_sloc));
  }
  const Changes changes(diff);
  std::map<std::pair<std::string, std::string>, std::set<Place>> groups;
  std::map<std::string, std::set<Place>> hazards;
  std::set<Place> predicted;
  std::set<Place> named;  // by a hazard
  std::set<Place> without_counterpart;
  // Calls f(place) for each of `places` in a file that has a counterpart.
  const auto each_place = [&](const Json& places, auto f) {
    for (const Json& at : places) {
      const Place place(at.at("file").get<std::string>(), at.at("line").get<std::uint32_t>());
      if (changes.files.contains(place.first)) {
        f(place);
      } else {
        without_counterpart.insert(place);
      }
    }
  };
  for (const Json& name : scan.at("names")) {
    const std::string mapping = mapping_kind(name.at("mapping").get<std::string>());
    std::set<Place>& group = groups[{name.at("kind").get<std::string>(), mapping}];
    each_place(name.at("places"), [&](const Place& place) {
      group.insert(place);
      if (predicts_change(mapping)) predicted.insert(place);
    });
  }
  for (const Json& hazard : scan.at("hazards")) {
    std::set<Place>& group = hazards[hazard.at("kind").get<std::string>()];
    each_place(Json::array({hazard}), [&](const Place& place) {
      group.insert(place);
      named.insert(place);
    });
  }

  Json names = Json::array();
  for (const auto& [key, places] : groups) {
    Json row = group_json(places, changes);
    row["kind"] = key.first;
    row["mapping"] = key.second;
    row["predicts"] = predicts_change(key.second) ? "changed"
                      : key.second == "same"      ? "unchanged"
                                                  : "nothing";
    names.push_back(row);
  }
  Json hazard_rows = Json::array();
  for (const auto& [kind, places] : hazards) {
    Json row = group_json(places, changes);
    row["kind"] = kind;
    hazard_rows.push_back(row);
  }
  std::map<std::string, std::size_t> missed;
  std::size_t hit = 0;
  for (const auto& [place, line] : changes.lines) {
    if (predicted.contains(place)) {
      ++hit;
    } else if (!named.contains(place)) {
      ++missed[std::string(port_class_name(line->port_class))];
    }
  }
  return {{"what", "lines of base files with a counterpart"},
          {"precision", ratio(hit, predicted.size())},
          {"recall", ratio(hit, changes.lines.size())},
          {"names", names},
          {"hazards", hazard_rows},
          {"changed_without_a_word", missed},
          {"places_without_counterpart", without_counterpart.size()}};
}

}  // namespace

Json score_json(const Json& scan, const TreeDiff& diff) {
  try {
    return score(scan, diff);
  } catch (const nlohmann::json::exception& e) {
    throw std::invalid_argument(fmt::format("not what moat port scan --json writes: {}", e.what()));
  }
}

std::string score_text(const Json& score) {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto line = [&](const char* name, const char* words) {
    const Json& r = score.at(name);
    const Share share{r.at("numerator").get<std::int64_t>(),
                      r.at("denominator").get<std::int64_t>()};
    fmt::format_to(out, "{:<11}{:>8}  {} of {} ({})\n", name, percent(share), share.numerator,
                   share.denominator, words);
  };
  text += "\nthe prediction, scored\n";
  line("precision", "lines predicted to change that did / lines predicted to change");
  line("recall", "lines predicted to change that did / lines that changed");
  fmt::format_to(out, "\n{:>9}{:>9}{:>12}  {:<16} {}\n", "lines", "changed", "mechanical",
                 "predicted", "what");
  for (const Json& row : score.at("names")) {
    fmt::format_to(out, "{:>9}{:>9}{:>12}  {:<16} {}, {}\n", row.at("lines").dump(),
                   row.at("changed").dump(), row.at("mechanical").dump(),
                   row.at("predicts").get<std::string>(), row.at("kind").get<std::string>(),
                   row.at("mapping").get<std::string>());
  }
  for (const Json& row : score.at("hazards")) {
    fmt::format_to(out, "{:>9}{:>9}{:>12}  {:<16} {}\n", row.at("lines").dump(),
                   row.at("changed").dump(), row.at("mechanical").dump(), "silent hazard",
                   row.at("kind").get<std::string>());
  }
  if (!score.at("changed_without_a_word").empty()) {
    text += "\nlines that changed, of which the prediction says nothing:\n";
    for (const auto& [kind, n] : score.at("changed_without_a_word").items()) {
      fmt::format_to(out, "{:>9}  {}\n", n.dump(), kind);
    }
  }
  if (score.at("places_without_counterpart") != 0) {
    fmt::format_to(out, "{} places stand in files without a counterpart, and count nowhere\n",
                   score.at("places_without_counterpart").dump());
  }
  text += "A hazard that the port left as it was is a false alarm or a bug: no diff can tell.\n";
  return text;
}

}  // namespace moat
