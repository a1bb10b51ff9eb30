// SPDX-License-Identifier: Apache-2.0
#include "bench/software/crossing.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moat {
namespace {

// A length, and by how much the way is better there; nothing where that is not known.
struct Gain {
  double length;
  std::optional<double> gain;
};

// Where gains become and stay positive.
Json crossing_of(std::vector<Gain> gains, bool meets) {
  std::erase_if(gains, [](const Gain& g) { return !g.gain; });
  std::ranges::sort(gains, {}, &Gain::length);
  if (gains.size() < 2) return {{"reason", "fewer than two lengths have a ratio"}};
  std::size_t first = gains.size();
  while (first > 0 && *gains[first - 1].gain > 0) --first;
  Json crossing = {{"above", first == 0 ? Json(nullptr) : Json(gains[first - 1].length)},
                   {"up_to", first == gains.size() ? Json(nullptr) : Json(gains[first].length)}};
  if (meets && first > 0 && first < gains.size()) {
    const double before = *gains[first - 1].gain;
    const double after = *gains[first].gain;
    const double share = before / (before - after);
    crossing["length"] =
        gains[first - 1].length + share * (gains[first].length - gains[first - 1].length);
  }
  return crossing;
}

std::optional<double> number(const Json& object, const char* key) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return object.at(key).get<double>();
}

}  // namespace

Json crossings(const Json& pairings) {
  std::map<std::pair<std::string, std::string>, std::vector<const Json*>> all;
  for (const Json& p : pairings) {
    if (!p.contains("length") || p.at("ways").size() < 2) continue;
    all[{p.at("device").get<std::string>(), p.at("series").get<std::string>()}].push_back(&p);
  }
  Json found = Json::array();
  for (const auto& [name, series] : all) {
    std::vector<Gain> measured;
    std::vector<Gain> predicted;
    for (const Json* p : series) {
      const auto length = p->at("length").get<double>();
      const auto ratio = number(p->at("comparisons").at(0), "measured");
      measured.push_back({length, ratio ? std::optional(*ratio - 1) : std::nullopt});
      const auto slow = number(p->at("ways").at(0), "floor_seconds");
      const auto fast = number(p->at("ways").at(1), "floor_seconds");
      predicted.push_back({length, slow && fast ? std::optional(*slow - *fast) : std::nullopt});
    }
    const Json& ways = series.front()->at("ways");
    found.push_back({{"series", name.second},
                     {"device", name.first},
                     {"plain", ways.at(0).at("name")},
                     {"way", ways.at(1).at("name")},
                     {"measured", crossing_of(std::move(measured), false)},
                     {"predicted", crossing_of(std::move(predicted), true)}});
  }
  return found;
}

}  // namespace moat
