// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "bench/text/suggest.hpp"

namespace moat {
namespace {

// Two types of a case are written with an x between them.
static_assert(std::ranges::none_of(kDTypes, [](DType t) {
  return name_of(t).find('x') != std::string_view::npos;
}));

// The names of types or codes.
std::string names_of(const auto& table) {
  std::string names;
  for (const auto t : table) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(t));
  return names;
}

// What stands instead of a name that is none of the tables'.
std::string known_of(std::string_view given, const auto&... tables) {
  std::vector<std::string> known;
  const auto add = [&](const auto& table) {
    for (const auto t : table) known.emplace_back(name_of(t));
  };
  (add(tables), ...);
  return suggestion(given, known);
}

// The type or code of a name in their table; empty if there is none.
template <class Table>
auto find_in(const Table& table, std::string_view name) {
  const auto it = std::ranges::find_if(table, [&](auto t) { return name_of(t) == name; });
  return it == table.end() ? std::nullopt : std::optional(*it);
}

// Reads the types and the shape of a case name from left to right.
class ShapeReader : public ShapeKeys {
 public:
  ShapeReader(std::string_view name, std::string_view shape, const Description& kernel)
      : name_(name), rest_(shape), kernel_(kernel) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw CaseError(fmt::format("case '{}': {} (a case of {} looks like '{}')", name_, what,
                                kernel_.kernel, kernel_.example));
  }

  // The types of the name, bf16, f16xbf16 or bf16xint4, of which it returns the first.
  DType types(std::string_view text) {
    const std::size_t cross = text.find('x');
    const std::string_view type = text.substr(0, cross);
    const auto first = find_in(kDTypes, type);
    if (!first) {
      fail(fmt::format("there is no dtype '{}'{}", type, known_of(type, kDTypes)));
    }
    if (std::ranges::find(kernel_.types, *first) == kernel_.types.end()) {
      fail(fmt::format("{} takes {}, not {}", kernel_.kernel, names_of(kernel_.types), type));
    }
    if (cross == text.npos) return *first;
    const std::string_view other = text.substr(cross + 1);
    other_ = find_in(kDTypes, other);
    code_ = find_in(kCodes, other);
    if (!kernel_.codes.empty() && !listed(code_)) {
      fail(fmt::format("{} takes no '{}' beside the dtype{}", kernel_.kernel, other,
                       known_of(other, kernel_.codes)));
    }
    if (!other_ && !code_) {
      fail(
          fmt::format("there is no dtype or code '{}'{}", other, known_of(other, kDTypes, kCodes)));
    }
    if (other_ == first) {
      fail(fmt::format("two inputs of '{0}' are written '{0}'", name_of(*first)));
    }
    return *first;
  }

  void other_type(std::optional<DType>& value) override { value = std::exchange(other_, {}); }

  void code(Code& value) override {
    if (!code_) {
      fail(fmt::format("a code stands beside the dtype, as in {}x{}; {} takes {}",
                       name_of(kernel_.types.front()), name_of(value), kernel_.kernel,
                       names_of(kernel_.codes)));
    }
    value = *std::exchange(code_, {});
  }

  void optional_code(std::optional<Code>& value) override { value = std::exchange(code_, {}); }

  void dimension(std::string_view key, int& value) override {
    value = static_cast<int>(number(key, kMaxDimension));
  }

  void length(std::string_view key, std::int64_t& value) override {
    value = number(key, kMaxLength);
  }

  void optional_dimension(std::string_view key, std::int64_t& value) override {
    value = follows(key) ? number(key, kMaxDimension) : 0;
  }

  void flag(std::string_view word, bool& value) override {
    value = rest_.starts_with(word);
    if (value) rest_.remove_prefix(word.size());
  }

  // It is the last key, so that all that follows is the type's name.
  void optional_type(std::string_view key, std::optional<DType>& value) override {
    if (!rest_.starts_with(key)) return;
    const std::string_view type = rest_.substr(key.size());
    for (const DType t : kDTypes) {
      if (name_of(t) == type) value = t;
    }
    if (!value) fail(fmt::format("there is no dtype '{}' for a result", type));
    rest_ = {};
  }

  void optional_real(std::string_view key, float& value, float usual) override {
    value = usual;
    if (!follows(key)) return;
    rest_.remove_prefix(key.size());
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || !(value > 0) || !std::isfinite(value)) {
      fail(fmt::format("'{}' needs a positive number, not '{}'", key, rest_));
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  }

  void end() const {
    if (!rest_.empty()) fail(fmt::format("cannot read '{}' at the end", rest_));
    if (other_ || code_) fail(fmt::format("inputs of {} are of one type", kernel_.kernel));
  }

 private:
  bool listed(std::optional<Code> code) const {
    return code && std::ranges::find(kernel_.codes, *code) != kernel_.codes.end();
  }

  // `key` and a whole number from 1 to `most`, which must come next.
  std::int64_t number(std::string_view key, std::int64_t most) {
    if (!follows(key)) {
      fail(rest_.empty() ? fmt::format("'{}' is missing at the end", key)
                         : fmt::format("expected '{}' and a number at '{}'", key, rest_));
    }
    rest_.remove_prefix(key.size());
    return whole(key, most);
  }

  bool follows(std::string_view key) const {
    return rest_.starts_with(key) && rest_.size() > key.size() &&
           std::string_view("0123456789-+.").find(rest_[key.size()]) != std::string_view::npos;
  }

  std::int64_t whole(std::string_view key, std::int64_t most) {
    const bool negative = rest_.starts_with('-');
    const std::string_view digits =
        rest_.substr(0, rest_.find_first_not_of("0123456789", negative ? 1 : 0));
    if (digits.size() == (negative ? 1u : 0u)) {
      fail(fmt::format("'{}' needs a whole number, not '{}'", key, rest_));
    }
    if (negative) fail(fmt::format("{}={} is negative; it must be at least 1", key, digits));
    rest_.remove_prefix(digits.size());
    std::int64_t result = 0;
    const auto [_, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc{}) {
      fail(fmt::format("{}={} does not fit into 64 bits; the most is {}", key, digits, most));
    }
    if (digits.size() > 1 && digits.front() == '0') {
      fail(fmt::format("{}={} has a leading zero", key, digits));
    }
    if (result == 0) fail(fmt::format("{}=0 leaves nothing to do; it must be at least 1", key));
    if (result > most) fail(fmt::format("{}={} is too large; the most is {}", key, result, most));
    return result;
  }

  std::string_view name_, rest_;
  Description kernel_;
  std::optional<DType> other_;  // of the name, until a problem takes it
  std::optional<Code> code_;    // likewise
};

// Writes the shape of a case name.
class ShapeWriter : public ShapeKeys {
 public:
  void dimension(std::string_view key, int& value) override { add(key, value); }
  void length(std::string_view key, std::int64_t& value) override { add(key, value); }
  void optional_dimension(std::string_view key, std::int64_t& value) override {
    if (value != 0) add(key, value);
  }
  void flag(std::string_view word, bool& value) override {
    if (value) text += word;
  }
  void optional_real(std::string_view key, float& value, float usual) override {
    if (value != usual) add(key, value);
  }
  void optional_type(std::string_view key, std::optional<DType>& value) override {
    if (value) add(key, name_of(*value));
  }

  void other_type(std::optional<DType>& value) override {
    if (value) other = fmt::format("x{}", name_of(*value));
  }
  void code(Code& value) override { other = fmt::format("x{}", name_of(value)); }
  void optional_code(std::optional<Code>& value) override {
    if (value) code(*value);
  }

  std::string text;
  std::string other;  // behind the dtype

 private:
  void add(std::string_view key, auto value) { text += fmt::format("{}{}", key, value); }
};

// Writes what a shape may hold, "m# n# k# [bt]": # stands for a number.
class ShapeGrammar : public ShapeKeys {
 public:
  void dimension(std::string_view key, int&) override { add("{}#", key); }
  void length(std::string_view key, std::int64_t&) override { add("{}#", key); }
  void optional_dimension(std::string_view key, std::int64_t&) override { add("[{}#]", key); }
  void flag(std::string_view word, bool&) override { add("[{}]", word); }
  void optional_real(std::string_view key, float&, float) override { add("[{}#]", key); }
  void optional_type(std::string_view key, std::optional<DType>&) override { add("[{}TYPE]", key); }
  void other_type(std::optional<DType>&) override {}
  void code(Code&) override {}
  void optional_code(std::optional<Code>&) override {}

  std::string text;

 private:
  void add(const char* form, std::string_view key) {
    text += (text.empty() ? "" : " ") + fmt::format(fmt::runtime(form), key);
  }
};

// Products of shapes overflow 64 bits long before memory does, so bytes are counted in float64.
std::uint64_t saturated(double bytes) {
  constexpr double kMost = 0x1p64;
  return bytes >= kMost ? std::numeric_limits<std::uint64_t>::max()
                        : static_cast<std::uint64_t>(bytes);
}

double held_bytes(const Problem& problem, Role role) {
  if (describe(problem).kernel.empty()) throw CaseError("this problem is not a case");
  double sum = 0;
  for_each_operand(problem, [&](const Operand& o, auto&) {
    if (o.role == role) sum += bytes_held(o);
  });
  return sum;
}

std::string readable(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace

std::string_view kernel_name(const Problem& problem) {
  const std::string_view name = describe(problem).kernel;
  if (name.empty()) throw CaseError("this problem is not a case");
  return name;
}

std::string case_name(const Problem& problem) {
  const std::string_view kernel = kernel_name(problem);
  ShapeWriter shape;
  Problem visited = problem;
  moat::shape(visited, shape);
  return fmt::format("{}/{}{}/{}", kernel, name_of(dtype(problem)), shape.other, shape.text);
}

std::string shape_grammar(const Problem& problem) {
  ShapeGrammar grammar;
  Problem visited = problem;
  moat::shape(visited, grammar);
  return grammar.text;
}

Problem read_case(std::string_view name) {
  const std::size_t first = name.find('/');
  const std::string_view kernel = name.substr(0, first);
  const Problem* known = find_kernel(kernel);
  if (known == nullptr) {
    std::vector<std::string> known_names;
    for (const Problem& p : kernels()) known_names.emplace_back(describe(p).kernel);
    const auto meant = nearest(kernel, known_names);
    const Problem& shown = meant ? *find_kernel(*meant) : kernels().front();
    throw CaseError(fmt::format("case '{}': there is no kernel '{}'{} (a case looks like '{}')",
                                name, kernel, suggestion(kernel, known_names),
                                describe(shown).example));
  }
  const std::size_t second = first == name.npos ? name.npos : name.find('/', first + 1);
  ShapeReader keys(name, second == name.npos ? "" : name.substr(second + 1), describe(*known));
  if (second == name.npos) keys.fail("a case has three parts: kernel/dtype/shape");
  const DType type = keys.types(name.substr(first + 1, second - first - 1));
  Problem problem = *known;
  std::visit([&](auto& p) { p.dtype = type; }, problem);
  shape(problem, keys);
  if (const std::string wrong = what_is_wrong(problem); !wrong.empty()) keys.fail(wrong);
  keys.end();
  return problem;
}

// Refuses a result of a type that the name has and the kernel has not.
void check_results(std::string_view name, const Problem& problem) {
  const Description kernel = describe(problem);
  Problem usual = *find_kernel(kernel.kernel);
  std::visit([&](auto& p) { p.dtype = dtype(problem); }, usual);
  const std::vector<Operand> theirs = outputs_of(usual);
  for (std::size_t i = 0; const Operand& o : outputs_of(problem)) {
    if (o.type == theirs.at(i++).type) continue;
    throw CaseError(fmt::format(
        "case '{}': no kernel writes {} of {} from {} (a case of {} looks like '{}')", name, o.name,
        name_of(o.type), name_of(dtype(problem)), kernel.kernel, kernel.example));
  }
}

Problem parse_case(std::string_view name) {
  const Problem problem = read_case(name);
  check_results(name, problem);
  const std::string_view types = name.substr(0, name.rfind('/')).substr(name.find('/') + 1);
  const std::size_t cross = types.find('x');
  // What else differs is the kernel's own.
  if (cross == types.npos || !find_in(kDTypes, types.substr(cross + 1))) return problem;
  for_each_operand(problem, [&](const Operand& o, auto&) {
    if (o.role == Role::input && o.type != dtype(problem)) {
      const Description kernel = describe(problem);
      throw CaseError(fmt::format(
          "case '{}': no kernel takes {} of {} beside {} (a case of {} looks like '{}')", name,
          o.name, name_of(o.type), name_of(dtype(problem)), kernel.kernel, kernel.example));
    }
  });
  return problem;
}

std::uint64_t input_bytes(const Problem& problem) {
  return saturated(held_bytes(problem, Role::input));
}

std::uint64_t output_bytes(const Problem& problem) {
  return saturated(held_bytes(problem, Role::output));
}

void check_memory(const Problem& problem, std::uint64_t available, std::string_view where) {
  check_memory(problem, held_bytes(problem, Role::input) + held_bytes(problem, Role::output),
               available, where);
}

void check_memory(const Problem& problem, double bytes, std::uint64_t available,
                  std::string_view where) {
  if (saturated(bytes) > available) {
    throw CaseError(fmt::format("case '{}' needs {} of memory; {} has {}", case_name(problem),
                                readable(saturated(bytes)), where, readable(available)));
  }
}

}  // namespace moat
