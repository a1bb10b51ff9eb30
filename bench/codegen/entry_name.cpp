// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/entry_name.hpp"

#include <cxxabi.h>
#include <fmt/ranges.h>

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "problems/dtype.hpp"

namespace moat::codegen {
namespace {

std::string demangle(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : "";
}

// A type's name and its template arguments: "moat::Gemm<float, (moat::Order)1>".
struct Type {
  std::string name;  // without namespaces
  std::vector<std::string> arguments;
};

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Nothing if the angle brackets do not match.
std::optional<Type> parse_type(std::string_view text) {
  text = trim(text);
  const std::size_t open = text.find('<');
  std::string_view name = text.substr(0, open);
  if (const std::size_t colons = name.rfind("::"); colons != std::string_view::npos) {
    name.remove_prefix(colons + 2);
  }
  Type type{.name = std::string(name), .arguments = {}};
  if (open == std::string_view::npos) return type;
  int depth = 0;
  std::size_t begin = open + 1;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if ((depth == 1 && c == ',') || (depth == 0 && c == '>')) {
      type.arguments.emplace_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
    if (depth == 0) return type;
  }
  return std::nullopt;
}

std::string snake_case(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !result.empty()) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

// The table of element types says ::moat::f16.
bool is_storage(std::string_view type, std::string_view storage) {
  return type == (storage.starts_with("::") ? storage.substr(2) : storage);
}

std::string dtype_name(std::string_view type) {
#define MOAT_ROW(name, storage, ...) \
  if (is_storage(type, #storage)) return #name;
  MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  // The compilers' own.
  if (type == "_Float16" || type == "__half") return "f16";
  if (type == "__bf16" || type == "__nv_bfloat16") return "bf16";
  return {};
}

std::string argument_name(const std::string& argument) {
  if (argument == "(moat::Order)0") return "row_major";
  if (argument == "(moat::Order)1") return "transposed";
  if (argument == "true" || argument == "false") return argument;
  if (std::isdigit(static_cast<unsigned char>(argument[0])) != 0) {
    return argument.substr(0, argument.find_first_not_of("0123456789"));
  }
  if (const std::string dtype = dtype_name(argument); !dtype.empty()) return dtype;
  // Another type or enumerator: its own name, arguments and all, in a form that fits a path.
  const auto type = parse_type(argument);
  std::string name = snake_case(type ? type->name : argument);
  std::string kept;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') kept += c;
  }
  if (type) {
    for (const std::string& inner : type->arguments) kept.append("_").append(argument_name(inner));
  }
  return kept;
}

// The numbers of a schedule in the order of its type; the tile's three sizes belong together.
std::string schedule_name(const Type& type) {
  std::vector<std::string> numbers;
  for (const std::string& argument : type.arguments) {
    if (dtype_name(argument).empty()) numbers.push_back(argument_name(argument));
  }
  const bool tiles = type.name.starts_with("Tile") && numbers.size() >= 3;
  if (!tiles) return fmt::format("{}", fmt::join(numbers, "-"));
  std::string text = fmt::format("{}x{}x{}", numbers[0], numbers[1], numbers[2]);
  for (std::size_t i = 3; i < numbers.size(); ++i) text.append("-").append(numbers[i]);
  // Kinds of tile schedules besides the plain one carry their names.
  if (type.name != "TileSchedule") text.append("-").append(snake_case(type.name));
  return text;
}

}  // namespace

std::string EntryName::text() const {
  std::string result = kernel;
  for (const std::string* part : {&dtype, &variant, &schedule}) {
    if (!part->empty()) result.append("/").append(*part);
  }
  return result;
}

std::optional<EntryName> entry_name(const std::string& kernel_type,
                                    const std::string& schedule_type) {
  const auto kernel = parse_type(kernel_type);
  const auto schedule = parse_type(schedule_type);
  if (!kernel || !schedule) return std::nullopt;
  EntryName name{.kernel = snake_case(kernel->name),
                 .dtype = {},
                 .variant = {},
                 .schedule = schedule_name(*schedule),
                 .dynamic_shared_bytes = 0};
  for (const std::string& argument : kernel->arguments) {
    const std::string dtype = dtype_name(argument);
    if (!dtype.empty() && name.dtype.empty()) {
      name.dtype = dtype;
    } else if (dtype.empty() || dtype != name.dtype) {  // that all operands are of one goes unsaid
      if (!name.variant.empty()) name.variant.append("-");
      name.variant.append(argument_name(argument));
    }
  }
  return name;
}

std::optional<EntryName> parse_entry(const std::string& mangled) {
  std::string_view text;
  const std::string demangled = demangle(mangled);
  text = demangled;
  constexpr std::string_view kPrefix = "void moat::simt::entry<";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto entry = parse_type(text.substr(5));
  if (!entry || entry->arguments.size() < 5) return std::nullopt;
  auto name = entry_name(entry->arguments[0], entry->arguments[1]);
  if (!name) return std::nullopt;
  const std::string& bytes = entry->arguments[4];  // 36864ul
  const auto [end, error] =
      std::from_chars(bytes.data(), bytes.data() + bytes.size(), name->dynamic_shared_bytes);
  if (error != std::errc()) return std::nullopt;
  return name;
}

}  // namespace moat::codegen
