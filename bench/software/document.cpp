// SPDX-License-Identifier: Apache-2.0
#include "bench/software/document.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace moat {
namespace {

Json member(const Json& object, const char* key) { return object.value(key, Json(nullptr)); }

}  // namespace

Json read_software_document(const char* option, const std::filesystem::path& file) {
  Json document;
  try {
    document = read_json_file(file);
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", option, e.what()));
  }
  if (!document.is_object() || member(document, "schema") != "moat-software" ||
      member(document, "version") != 1) {
    throw std::runtime_error(
        fmt::format("{} {}: not of schema moat-software, version 1; moat software --json writes it",
                    option, file.string()));
  }
  return document;
}

Json software_rows(const Json& document) {
  Json rows = Json::array();
  for (const Json& pairing : document.at("pairings")) {
    const Json& plain = pairing.at("ways").at(0).at("name");
    for (const Json& way : pairing.at("ways")) {
      Json row = {{"device", pairing.at("device")},
                  {"pairing", pairing.at("name")},
                  {"says", pairing.at("says")},
                  {"plain", plain},
                  {"way", way.at("name")},
                  {"case", way.at("way")},
                  {"status", way.at("status")},
                  {"seconds", member(way, "seconds")},
                  {"flops", member(way, "flops")},
                  {"bytes", member(way, "bytes")},
                  {"kept", member(way, "kept_bytes")},
                  {"kept_per_token", member(way, "kept_bytes_per_token")},
                  {"share", member(way, "of_ceiling")},
                  {"bound", member(way, "bound")},
                  {"reason", member(way, "reason")},
                  {"measured", nullptr},
                  {"lower", nullptr},
                  {"upper", nullptr},
                  {"predicted", nullptr},
                  {"predicted_reason", nullptr},
                  {"bytes_ratio", nullptr}};
      for (const Json& c : pairing.at("comparisons")) {
        if (c.at("plain") != plain || c.at("way") != way.at("name")) continue;
        row["measured"] = c.at("measured");
        row["predicted"] = c.at("predicted");
        row["predicted_reason"] = member(c, "predicted_reason");
        row["bytes_ratio"] = member(c, "bytes_ratio");
        if (c.at("measured").is_null()) continue;
        row["lower"] = c.at("interval").at(0);
        row["upper"] = c.at("interval").at(1);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace moat
