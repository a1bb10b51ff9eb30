// SPDX-License-Identifier: Apache-2.0
#include "problems/problem.hpp"

namespace moat {

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

}  // namespace moat
