// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/tuned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "bench/run/usage_error.hpp"
#include "bench/tune/shape_class.hpp"

namespace moat {
namespace {

constexpr const char* kSchema = "moat-tuned";
constexpr int kVersion = 1;

Json to_json(const TunedClass& c) {
  Json cases = Json::array();
  for (const TunedCase& t : c.cases) {
    cases.push_back({{"case", t.name}, {"speed", t.speed}, {"lower", t.lower}, {"upper", t.upper}});
  }
  return {{"class", c.shape_class},
          {"schedule", c.schedule},
          {"instead_of", c.instead_of},
          {"speed", c.speed},
          {"cases", std::move(cases)}};
}

Json to_json(const TunedDevice& d) {
  Json classes = Json::array();
  for (const TunedClass& c : d.classes) classes.push_back(to_json(c));
  return {{"backend", d.backend},
          {"name", d.name},
          {"architecture", d.architecture},
          {"compute_units", d.compute_units},
          {"driver", d.driver ? Json(*d.driver) : Json()},
          {"faster", std::move(classes)},
          {"kept", d.kept},
          {"undecided", d.undecided}};
}

// The library takes what does not fit for another number.
int whole_number(const Json& json) {
  if (json.is_number_integer()) {
    const auto n = json.get<std::int64_t>();
    if (n >= 0 && n <= std::numeric_limits<int>::max()) return static_cast<int>(n);
  }
  throw std::invalid_argument(json.dump() + " is no number of units");
}

TunedClass class_from(const Json& json) {
  TunedClass c{.shape_class = json.at("class"),
               .schedule = json.at("schedule"),
               .instead_of = json.at("instead_of"),
               .speed = json.at("speed"),
               .cases = {}};
  for (const Json& t : json.at("cases")) {
    c.cases.push_back({t.at("case"), t.at("speed"), t.at("lower"), t.at("upper")});
  }
  return c;
}

TunedDevice device_from(const Json& json) {
  TunedDevice d{.backend = json.at("backend"),
                .name = json.at("name"),
                .architecture = json.at("architecture"),
                .compute_units = whole_number(json.at("compute_units")),
                .driver = {},
                .classes = {},
                .kept = json.at("kept"),
                .undecided = json.at("undecided")};
  if (const Json& driver = json.at("driver"); !driver.is_null()) d.driver = driver;
  for (const Json& c : json.at("faster")) {
    d.classes.push_back(class_from(c));
    const std::string& name = d.classes.back().shape_class;
    if (std::ranges::count(d.classes, name, &TunedClass::shape_class) > 1) {
      throw std::invalid_argument("class " + name + " is there twice");
    }
  }
  return d;
}

// "driver: 570.1 there, 580.2 here"; empty where all is the same.
std::string difference(const TunedDevice& d, const DeviceInfo& info) {
  const auto driver = [](const std::optional<std::string>& v) { return v.value_or("none"); };
  const std::pair<const char*, std::pair<std::string, std::string>> facts[] = {
      {"name", {d.name, info.name}},
      {"architecture", {d.architecture, info.architecture}},
      {"units", {std::to_string(d.compute_units), std::to_string(info.compute_units)}},
      {"driver", {driver(d.driver), driver(info.driver)}}};
  for (const auto& [what, values] : facts) {
    if (values.first != values.second) {
      return fmt::format("{}: {} there, {} here", what, values.first, values.second);
    }
  }
  return {};
}

}  // namespace

std::string to_text(const TunedFile& file) {
  Json devices = Json::array();
  for (const TunedDevice& d : file.devices) devices.push_back(to_json(d));
  const Json json = {{"schema", kSchema},
                     {"version", kVersion},
                     {"program", file.version},
                     {"commit", file.commit},
                     {"record", file.record},
                     {"hot", file.hot},
                     {"devices", std::move(devices)}};
  return dump_strict(json);
}

TunedFile read_tuned(const std::filesystem::path& path) {
  Json json;
  try {
    json = read_json_file(path);
  } catch (const std::runtime_error& e) {
    const std::string why = e.what();
    const bool named = why.find(path.string()) != std::string::npos;
    throw UsageError(fmt::format("--tuned: {}{}", named ? "" : path.string() + ": ", why));
  }
  const auto refuse = [&](const std::string& why) {
    return UsageError(
        fmt::format("--tuned: {}: {}; moat tune writes such files", path.string(), why));
  };
  if (!json.is_object() || json.value("schema", Json()) != kSchema) {
    throw refuse(fmt::format("not of schema {}", kSchema));
  }
  if (json.value("version", Json()) != kVersion) {
    throw refuse(fmt::format("of version {}, this moat knows {}",
                             json.value("version", Json()).dump(), kVersion));
  }
  try {
    TunedFile file{.version = json.at("program"),
                   .commit = json.at("commit"),
                   .record = json.at("record"),
                   .hot = json.at("hot"),
                   .devices = {}};
    for (const Json& d : json.at("devices")) file.devices.push_back(device_from(d));
    return file;
  } catch (const nlohmann::json::exception& e) {
    throw refuse(e.what());
  } catch (const std::invalid_argument& e) {
    throw refuse(e.what());
  }
}

TunedFor find_device(const TunedFile& file, const DeviceInfo& info) {
  TunedFor found{.why_not = fmt::format("it has no device of the backend {}", info.backend)};
  for (const TunedDevice& d : file.devices) {
    if (d.backend != info.backend) continue;
    found.why_not = difference(d, info);
    if (found.why_not.empty()) return {.device = &d, .why_not = {}};
  }
  return found;
}

const TunedClass* find_class(const TunedDevice& device, const Problem& problem) {
  const auto at = std::ranges::find(device.classes, shape_class(problem), &TunedClass::shape_class);
  return at == device.classes.end() ? nullptr : &*at;
}

}  // namespace moat
