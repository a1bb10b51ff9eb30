// SPDX-License-Identifier: Apache-2.0
#include "bench/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "bench/measure/flops_of.hpp"
#include "bench/record/fields.hpp"
#include "bench/record/porting.hpp"
#include "bench/record/schema.hpp"

namespace moat {
namespace {

constexpr std::array kStatuses = {Status::ok, Status::failed, Status::suspect, Status::error,
                                  Status::disturbed};

class Writer;
class Reader;

template <class T>
concept Struct = requires(Writer& w, T& x) {
  fields(w, x);
};

template <class T>
Json to_json_value(const T& x);

class Writer {
 public:
  template <class T>
  void operator()(const char* key, const T& x) {
    object_[key] = to_json_value(x);
  }

  template <class T>
  void operator()(const char* key, const Reading<T>& x) {
    if (x.value) {
      object_[key] = to_json_value(*x.value);
    } else {
      object_[key] = nullptr;
      reasons_[key] = x.reason;
    }
  }

  // An optional member is left out where it does not apply.
  template <class T>
  void operator()(const char* key, const std::optional<T>& x) {
    if (x) object_[key] = to_json_value(*x);
  }

  Json take() {
    if (!reasons_.empty()) object_["null_reasons"] = std::move(reasons_);
    return std::move(object_);
  }

 private:
  Json object_ = Json::object();
  Json reasons_ = Json::object();
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
Json to_json_value(const T& x) {
  if constexpr (std::same_as<T, Status>) {
    return Json(name_of(x));
  } else if constexpr (std::same_as<T, JsonDocument>) {
    return *x;
  } else if constexpr (Struct<T>) {
    Writer writer;
    fields(writer, const_cast<T&>(x));  // NOLINT: the writer only reads
    return writer.take();
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& element : x) array.push_back(to_json_value(element));
    return array;
  } else {
    return Json(x);
  }
}

template <class T>
void from_json_value(const Json& json, T& x);

// Reads an object that fits the schema.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  template <class T>
  void operator()(const char* key, T& x) {
    read(key, object_.at(key), x);
  }

  template <class T>
  void operator()(const char* key, Reading<T>& x) {
    // The schema requires what every record has; records of older programs lack the rest.
    if (!object_.contains(key)) {
      x = Reading<T>::none("not in the record");
      return;
    }
    const Json& member = object_.at(key);
    if (member.is_null()) {
      x = Reading<T>::none(object_.at("null_reasons").at(key).template get<std::string>());
    } else {
      T value{};
      read(key, member, value);
      x = Reading<T>::of(std::move(value));
    }
  }

  template <class T>
  void operator()(const char* key, std::optional<T>& x) {
    x.reset();
    if (const auto it = object_.find(key); it != object_.end()) read(key, *it, x.emplace());
  }

 private:
  template <class T>
  static void read(const char* key, const Json& member, T& x) {
    try {
      from_json_value(member, x);
    } catch (const JsonError& e) {
      throw e.below(child_pointer("", key));
    }
  }

  const Json& object_;
};

template <class T>
void from_json_value(const Json& json, T& x) {
  if constexpr (std::same_as<T, Status>) {
    for (const Status status : kStatuses) {
      if (json == name_of(status)) x = status;
    }
  } else if constexpr (std::same_as<T, JsonDocument>) {
    x = share(json);
  } else if constexpr (Struct<T>) {
    Reader reader(json);
    fields(reader, x);
  } else if constexpr (IsVector<T>::value) {
    x.clear();
    for (std::size_t i = 0; i < json.size(); ++i) {
      try {
        from_json_value(json[i], x.emplace_back());
      } catch (const JsonError& e) {
        throw e.below(child_pointer("", i));
      }
    }
  } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                                : std::in_range<T>(json.get<std::int64_t>());
    if (!fits) {
      throw JsonError("",
                      fmt::format("is {}, beyond {}", json.dump(), std::numeric_limits<T>::max()));
    }
    json.get_to(x);
  } else {
    json.get_to(x);
  }
}

// Every null member has its reason beside it, and no reason is without its null.
void require_reasons(const Json& value, const std::string& pointer) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      require_reasons(value[i], child_pointer(pointer, i));
    }
  }
  if (!value.is_object()) return;
  const Json reasons = value.value("null_reasons", Json::object());
  for (const auto& [key, member] : value.items()) {
    if (member.is_null() && !reasons.contains(key)) {
      throw JsonError(child_pointer(pointer, key), "null without a reason in null_reasons");
    }
    require_reasons(member, child_pointer(pointer, key));
  }
  for (const auto& [key, reason] : reasons.items()) {
    if (!value.contains(key) || !value[key].is_null()) {
      throw JsonError(child_pointer(child_pointer(pointer, "null_reasons"), key),
                      "gives a reason for what is not null");
    }
  }
}

void require_verified(const Json& c, const std::string& pointer) {
  const bool timed = c["status"] == "ok" || c["status"] == "suspect";
  const bool disturbed = c["status"] == "disturbed";
  const bool passed = c["check"].is_object() && c["check"]["passed"] == true;
  if ((timed || disturbed) && !passed) {
    throw JsonError(child_pointer(pointer, "check"),
                    "the case counts as timed but was not verified");
  }
  if (passed && c["check"]["elements_checked"] == 0) {
    throw JsonError(child_pointer(child_pointer(pointer, "check"), "elements_checked"),
                    "is 0 of a check that passed");
  }
  const bool sampled = !c["series"].empty() && std::ranges::none_of(c["series"], [](const Json& s) {
    return s["seconds"].empty();
  });
  if (timed && (!sampled || c["median_seconds"].is_null())) {
    throw JsonError(child_pointer(pointer, "series"),
                    "the case counts as timed but has no samples");
  }
  if (c["status"] != "ok" && c["message"] == "") {
    throw JsonError(child_pointer(pointer, "message"), "the case is not ok, and nothing says why");
  }
  if (timed) return;
  for (const char* key : {"median_seconds", "gflops", "gbytes", "ceiling"}) {
    if (!c[key].is_null()) {
      throw JsonError(child_pointer(pointer, key), "a case that is not verified has no times");
    }
  }
  for (const char* key : {"series", "ratios"}) {
    // What was sampled while other work disturbed it is kept, and judges nothing.
    if (disturbed && key == std::string_view("series")) continue;
    if (!c[key].empty()) {
      throw JsonError(child_pointer(pointer, key), "a case that is not verified has no times");
    }
  }
}

// A sample's partner in the other build's record is found by its round.
void require_rounds(const Json& series, const std::string& pointer) {
  if (!series.contains("rounds")) return;
  const Json& rounds = series["rounds"];
  const std::string place = child_pointer(pointer, "rounds");
  if (rounds.size() != series["seconds"].size()) {
    throw JsonError(
        place, fmt::format("has {} rounds of {} samples", rounds.size(), series["seconds"].size()));
  }
  for (std::size_t i = 1; i < rounds.size(); ++i) {
    if (rounds[i] <= rounds[i - 1]) {
      throw JsonError(child_pointer(place, i), fmt::format("is {}, and the round before is {}",
                                                           rounds[i].dump(), rounds[i - 1].dump()));
    }
  }
}

// Tables read the name's parts and the median, comparisons the name and the samples: they have to
// be of one case.
void require_consistent(const Json& c, const std::string& pointer) {
  const auto text = [&](const char* key) { return c[key].get<std::string>(); };
  const std::string index = c["device"] == 0 ? "" : c["device"].dump();
  const std::string name =
      fmt::format("{}/{}{}/{}", text("problem"), text("backend"), index, text("implementation"));
  if (c["name"] != name) {
    throw JsonError(child_pointer(pointer, "name"),
                    fmt::format("is {}, and its parts are {}", c["name"].dump(), name));
  }
  // What a further input is stored in may stand beside the dtype.
  const std::string kind = text("kernel") + '/' + text("dtype");
  if (const std::string problem = text("problem");
      !problem.starts_with(kind + '/') && !problem.starts_with(kind + 'x')) {
    throw JsonError(child_pointer(pointer, "problem"),
                    fmt::format("is {}, which does not begin with {}/", c["problem"].dump(), kind));
  }
  const Json& all = c["series"];
  for (std::size_t i = 0; i < all.size(); ++i) {
    require_rounds(all[i], child_pointer(child_pointer(pointer, "series"), i));
  }
  if (c["median_seconds"].is_null()) return;
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const Json& series : c["series"]) {
    for (const Json& seconds : series["seconds"]) {
      least = std::min(least, seconds.get<double>());
      most = std::max(most, seconds.get<double>());
    }
  }
  constexpr double kRounding = 1e-9;
  const double median = c["median_seconds"].get<double>();
  if (!(median >= least * (1 - kRounding) && median <= most * (1 + kRounding))) {
    throw JsonError(child_pointer(pointer, "median_seconds"),
                    fmt::format("is {}, and the samples are from {} to {}", median, least, most));
  }
}

// A time of a step is the sum of all that it was to measure, and nothing else.
void require_summed(const Json& step, const std::string& pointer) {
  double sum = 0;
  bool all = true;
  for (const Json& o : step["operations"]) {
    if (!o.contains("problem")) {
      if (!o["seconds"].is_null()) {
        throw JsonError(child_pointer(pointer, "operations"), "times an operation without a case");
      }
      continue;
    }
    all = all && !o["seconds"].is_null();
    if (all) sum += o["count"].get<double>() * o["seconds"].get<double>();
  }
  const Json& seconds = step["seconds_at_least"];
  if (seconds.is_null() != step["tokens_per_second_at_most"].is_null()) {
    throw JsonError(pointer, "has a time without a rate, or a rate without a time");
  }
  if (seconds.is_null()) return;
  constexpr double kRounding = 1e-9;
  if (!all || !(std::abs(seconds.get<double>() - sum) <= kRounding * sum)) {
    throw JsonError(child_pointer(pointer, "seconds_at_least"),
                    all ? fmt::format("is {}, and its operations take {}", seconds.dump(), sum)
                        : "is a sum without all of its operations");
  }
}

void require_summed(const Json& model) {
  const Json& devices = model["devices"];
  for (std::size_t d = 0; d < devices.size(); ++d) {
    const Json& steps = devices[d]["steps"];
    for (std::size_t i = 0; i < steps.size(); ++i) {
      require_summed(steps[i], fmt::format("/model/devices/{}/steps/{}", d, i));
    }
  }
}

// A second entry of one name would be taken for more samples of the first.
template <class Name>
void require_once(const Json& list, const std::string& pointer, const Name& name) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!seen.insert(name(list[i])).second) {
      throw JsonError(child_pointer(pointer, i), fmt::format("{} is there already", name(list[i])));
    }
  }
}

}  // namespace

Reading<double>& CeilingsRecord::flops(DType t) { return flops_of(*this, t); }

const Reading<double>& CeilingsRecord::flops(DType t) const { return flops_of(*this, t); }

std::string_view name_of(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::failed:
      return "failed";
    case Status::suspect:
      return "suspect";
    case Status::error:
      return "error";
    case Status::disturbed:
      return "disturbed";
  }
  return "";
}

namespace {

// Major and minor version of a record that this program may read.
std::pair<int, int> version_of(const Json& document) {
  if (!document.is_object() || document.value("schema", Json()) != kRecordSchema) {
    throw JsonError("/schema",
                    fmt::format(R"(not a record of Moat ("schema": "{}"))", kRecordSchema));
  }
  const auto number = [&](const char* key, const Json& absent, int least) {
    const Json value = document.value(key, absent);
    if (!value.is_number_integer() || value < least || value > 1'000'000) {
      throw JsonError(child_pointer("", key),
                      fmt::format("is {}, not a whole number from {}", value.dump(), least));
    }
    return value.get<int>();
  };
  const int major = number("version", Json(), 1);
  // What a newer major version means by its minor one is its own affair.
  const Json minor = document.value("minor", Json(0));
  if (major > kRecordVersion) {
    throw JsonError(
        "/version",
        fmt::format("record version {}.{}; this moat reads up to {}.{}; update moat", major,
                    minor.is_number_integer() ? minor.dump() : "?", kRecordVersion, kRecordMinor));
  }
  return {major, number("minor", Json(0), 0)};
}

// The fields of a newer minor version, taken out of `document`. Throws JsonError at a field that
// the record's own minor version should not have.
std::vector<UnknownField> take_newer_fields(Json& document, const Json& schema, int minor) {
  auto unknown = take_unknown_fields(document, schema);
  if (minor <= kRecordMinor && !unknown.empty()) {
    throw JsonError(unknown.front().pointer, "is not a field of the schema");
  }
  return unknown;
}

const Json& schema() {
  static const Json parsed = parse_strict(record_schema());
  return parsed;
}

void check_known(const Json& document) {
  check_schema(document, schema());
  for (const auto& [key, member] : document.items()) {
    // The porting record has reasons of its own.
    if (key != "porting") {
      require_reasons(member, child_pointer("", key));
    } else if (member.is_object()) {
      check_porting(member, "/porting");
    }
    if (member.is_null() && !document.value("null_reasons", Json::object()).contains(key)) {
      throw JsonError(child_pointer("", key), "null without a reason in null_reasons");
    }
  }
  const Json& cases = document["cases"];
  for (std::size_t i = 0; i < cases.size(); ++i) {
    require_verified(cases[i], child_pointer("/cases", i));
    require_consistent(cases[i], child_pointer("/cases", i));
  }
  if (document.contains("model")) require_summed(document["model"]);
  if (document["run"]["planned"] < cases.size()) {
    throw JsonError("/run/planned", fmt::format("is {}, and there are {} cases",
                                                document["run"]["planned"].dump(), cases.size()));
  }
  require_once(cases, "/cases", [](const Json& c) { return c["name"].get<std::string>(); });
  require_once(document["devices"], "/devices", [](const Json& d) {
    return fmt::format("{}:{}", d["backend"].get<std::string>(), d["index"].get<int>());
  });
}

// Minor version and newer fields of a document, of which only what is known is left.
std::pair<int, std::vector<UnknownField>> reduce_to_known(Json& document) {
  const int minor = version_of(document).second;
  try {
    auto unknown = take_newer_fields(document, schema(), minor);
    check_known(document);
    return {minor, std::move(unknown)};
  } catch (const JsonError& e) {
    if (minor <= kRecordMinor) throw;
    throw e.with_note(fmt::format("the record is of version {}.{}; this moat knows {}.{}",
                                  kRecordVersion, minor, kRecordVersion, kRecordMinor));
  }
}

// Where the object that they stood in is still there.
void put_back(const std::vector<UnknownField>& unknown, Json& document) {
  for (const UnknownField& field : unknown) {
    const Json::json_pointer place(field.pointer);
    Json::json_pointer object = place.parent_pointer();
    if (!object.empty() && object.back() == "null_reasons") object.pop_back();
    if (document.contains(object)) document[place] = *field.value;
  }
}

}  // namespace

void check_record(const Json& document) {
  Json known = document;
  reduce_to_known(known);
}

bool is_host(const Record& record, const DeviceRecord& device) {
  return record.host.cpu.value == device.name;
}

bool lacks_cases(const Record& record) {
  return record.cases.size() < static_cast<std::size_t>(record.run.planned);
}

std::string unfinished(const Record& record) {
  const std::size_t cases = record.cases.size();
  if (record.run.interrupted) {
    return fmt::format("the run was interrupted after {} of {} cases", cases, record.run.planned);
  }
  if (!lacks_cases(record)) return "";
  return fmt::format("the record has {} of the {} cases that were planned", cases,
                     record.run.planned);
}

std::string compute_units_text(int count, bool host) {
  return fmt::format("{} {}{}", count, host ? "core" : "unit", count == 1 ? "" : "s");
}

std::string to_text(const Record& record) {
  Json document = {{"schema", kRecordSchema}, {"version", kRecordVersion}};
  if (record.minor > 0) document["minor"] = record.minor;
  document.update(to_json_value(record));
  put_back(record.unknown, document);
  std::string text = dump_strict(document);
  reduce_to_known(document);
  return text;
}

Record parse_record(std::string_view text) { return read_record(parse_strict(text)); }

Record read_record(Json document) {
  auto [minor, unknown] = reduce_to_known(document);
  Record record;
  from_json_value(document, record);
  record.minor = minor;
  record.unknown = std::move(unknown);
  return record;
}

}  // namespace moat
