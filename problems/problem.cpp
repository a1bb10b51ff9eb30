// SPDX-License-Identifier: Apache-2.0
#include "problems/problem.hpp"

#include <algorithm>
#include <cctype>

namespace moat {
namespace {

#define MOAT_ROW(P) \
  std::string_view type_name(const P&) { return #P; }
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW

}  // namespace

double flops(const Problem& problem) {
  return std::visit([](const auto& p) { return flops(p); }, problem);
}

DType dtype(const Problem& problem) {
  return std::visit([](const auto& p) { return p.dtype; }, problem);
}

Work work(const Problem& problem) {
  return std::visit([](const auto& p) { return work(p); }, problem);
}

Description describe(const Problem& problem) {
  return std::visit([](const auto& p) { return describe(p); }, problem);
}

std::string what_is_wrong(const Problem& problem) {
  return std::visit([](const auto& p) { return what_is_wrong(p); }, problem);
}

void shape(Problem& problem, ShapeKeys& keys) {
  std::visit([&](auto& p) { shape(p, keys); }, problem);
}

std::vector<Operand> outputs_of(const Problem& problem) {
  std::vector<Operand> outputs;
  for_each_operand(problem, [&](const Operand& o, auto&) {
    if (o.role == Role::output) outputs.push_back(o);
  });
  return outputs;
}

double bytes(const Problem& problem) {
  double sum = 0;
  for_each_operand(problem, [&](const Operand& o, auto&) { sum += bytes_moved(o); });
  return sum;
}

double written_bytes(const Problem& problem) {
  double sum = 0;
  for (const Operand& o : outputs_of(problem)) sum += bytes_moved(o);
  return sum;
}

const std::vector<Problem>& kernels() {
  static const std::vector<Problem> all = [] {
    std::vector<Problem> list;
#define MOAT_ROW(P) \
  for (const P& p : kernels_of(Type<P>{})) list.emplace_back(p);
    MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW
    return list;
  }();
  return all;
}

const Problem* find_kernel(std::string_view name) {
  const auto it =
      std::ranges::find_if(kernels(), [&](const Problem& p) { return describe(p).kernel == name; });
  return it == kernels().end() ? nullptr : &*it;
}

std::string kind(const Problem& problem) {
  std::string_view type = std::visit([](const auto& p) { return type_name(p); }, problem);
  type.remove_suffix(std::string_view("Problem").size());
  std::string snake_case;
  for (const unsigned char c : type) {
    if (std::isupper(c) != 0 && !snake_case.empty()) snake_case += '_';
    snake_case += static_cast<char>(std::tolower(c));
  }
  return snake_case;
}

}  // namespace moat
