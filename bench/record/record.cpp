#include "bench/record/record.hpp"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "bench/record/fields.hpp"
#include "bench/record/schema.hpp"

namespace moat {
namespace {

constexpr std::array kStatuses = {Status::ok, Status::failed, Status::suspect, Status::error};

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
  } else if constexpr (std::same_as<T, Json>) {
    x = json;
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
  const bool passed = c["check"].is_object() && c["check"]["passed"] == true;
  if (timed && !passed) {
    throw JsonError(child_pointer(pointer, "check"),
                    "the case counts as timed but was not verified");
  }
  if (timed && (c["series"].empty() || c["median_seconds"].is_null())) {
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
    if (!c[key].empty()) {
      throw JsonError(child_pointer(pointer, key), "a case that is not verified has no times");
    }
  }
}

}  // namespace

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
  }
  return "";
}

void check_record(const Json& document) {
  if (!document.is_object() || document.value("schema", Json()) != kRecordSchema) {
    throw JsonError("/schema",
                    fmt::format(R"(not a record of Moat ("schema": "{}"))", kRecordSchema));
  }
  if (document.value("version", Json()) != kRecordVersion) {
    throw JsonError("/version", fmt::format("this program reads version {}", kRecordVersion));
  }
  static const Json schema = parse_strict(record_schema());
  check_schema(document, schema);
  for (const auto& [key, member] : document.items()) {
    // The porting record has a documentation and nulls of its own.
    if (key != "porting") require_reasons(member, child_pointer("", key));
    if (member.is_null() && !document.value("null_reasons", Json::object()).contains(key)) {
      throw JsonError(child_pointer("", key), "null without a reason in null_reasons");
    }
  }
  const Json& cases = document["cases"];
  for (std::size_t i = 0; i < cases.size(); ++i) {
    require_verified(cases[i], child_pointer("/cases", i));
  }
}

std::string to_text(const Record& record) {
  Json document = {{"schema", kRecordSchema}, {"version", kRecordVersion}};
  document.update(to_json_value(record));
  std::string text = dump_strict(document);
  check_record(document);
  return text;
}

Record parse_record(std::string_view text) {
  const Json document = parse_strict(text);
  check_record(document);
  Record record;
  from_json_value(document, record);
  return record;
}

}  // namespace moat
