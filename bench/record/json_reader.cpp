// SPDX-License-Identifier: Apache-2.0
#include "bench/record/json_reader.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace moat {
namespace {

class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool x) override { return add(x); }
  // The library calls this only for numbers with a minus sign. A count of "-0" is none.
  bool number_integer(number_integer_t x) override { return x == 0 ? add(-0.0) : add(x); }
  bool number_unsigned(number_unsigned_t x) override { return add(x); }
  bool number_float(number_float_t x, const string_t& text) override {
    if (text.find_first_of(".eE") == string_t::npos) {
      throw JsonError(place(), fmt::format("the whole number {} does not fit into 64 bits", text));
    }
    return add(x);
  }
  bool string(string_t& x) override { return add(std::move(x)); }
  bool binary(binary_t& /*x*/) override { return false; }  // not in JSON

  bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (!level.names.insert(name).second) {
      throw JsonError(child_pointer(place_of(levels_.size() - 1), name),
                      "the name stands twice in its object");
    }
    level.name = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& e) override {
    // Without the library's own "[json.exception.parse_error.101] ".
    std::string_view what = e.what();
    if (const auto end = what.find("] "); what.starts_with('[') && end != what.npos) {
      what.remove_prefix(end + 2);
    }
    throw JsonError("", fmt::format("{} (byte {})", what, position));
  }

  Json take() { return std::move(root_); }

 private:
  struct Level {
    Json* value;
    std::string name = {};  // of an object's next member
    std::unordered_set<std::string> names = {};
  };

  Json* put(Json&& x) {
    if (levels_.empty()) {
      root_ = std::move(x);
      return &root_;
    }
    Json& parent = *levels_.back().value;
    if (parent.is_array()) return &parent.get_ref<Json::array_t&>().emplace_back(std::move(x));
    // The name is known to be no other's.
    auto& members = parent.get_ref<Json::object_t&>();
    return &members.Container::emplace_back(levels_.back().name, std::move(x)).second;
  }

  template <class T>
  bool add(T&& x) {
    put(Json(std::forward<T>(x)));
    return true;
  }

  bool open(Json&& empty) {
    if (levels_.size() >= static_cast<std::size_t>(kMostNested)) {
      throw JsonError(place(), fmt::format("is nested more than {} deep", kMostNested));
    }
    levels_.push_back({put(std::move(empty))});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  // Of what stands in `level`, as far as it was read.
  std::string place_of(std::size_t levels) const {
    std::string pointer;
    for (std::size_t i = 0; i < levels; ++i) {
      const Json& value = *levels_[i].value;
      // The next level is the newest element.
      pointer = value.is_array() ? child_pointer(pointer, value.size() - 1)
                                 : child_pointer(pointer, levels_[i].name);
    }
    return pointer;
  }

  // Of a value that was not put yet.
  std::string place() const {
    if (levels_.empty()) return "";
    const std::string parent = place_of(levels_.size() - 1);
    const Json& value = *levels_.back().value;
    return value.is_array() ? child_pointer(parent, value.size())
                            : child_pointer(parent, levels_.back().name);
  }

  Json root_;
  std::vector<Level> levels_;
};

}  // namespace

Json read_json(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) throw JsonError("", "it is empty");
  // The library takes one for the end of the text.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw JsonError("", fmt::format("holds a NUL (byte {})", nul + 1));
  }
  constexpr std::string_view kFirst = "{[\"-0123456789tfn";
  if (kFirst.find(text[first]) == std::string_view::npos) {
    throw JsonError("",
                    fmt::format("it begins with what no JSON begins with (byte {})", first + 1));
  }
  Builder builder;
  try {
    Json::sax_parse(text, &builder);
  } catch (const Json::exception& e) {
    throw JsonError("", e.what());
  }
  return builder.take();
}

}  // namespace moat
