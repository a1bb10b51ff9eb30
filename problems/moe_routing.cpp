// SPDX-License-Identifier: Apache-2.0
#include "problems/moe_routing.hpp"

#include <fmt/format.h>

#include <array>

namespace moat {

std::vector<MoeRoutingProblem> kernels_of(Type<MoeRoutingProblem>) { return {MoeRoutingProblem{}}; }

Description describe(const MoeRoutingProblem&) {
  static constexpr std::array kTypes{DType::f32};
  return {.kernel = "moerouting",
          .text = "the best experts of each token, within its best groups, and their weights",
          .example = "moerouting/f32/t4096e256top8groups8limit4scale2.5",
          .types = kTypes};
}

Work work(const MoeRoutingProblem&) { return Work::elements; }

void shape(MoeRoutingProblem& p, ShapeKeys& keys) {
  keys.dimension("t", p.tokens);
  keys.dimension("e", p.experts);
  keys.dimension("top", p.top);
  keys.flag("softmax", p.softmax);
  keys.optional_dimension("groups", p.groups);
  keys.optional_dimension("limit", p.limit);
  keys.optional_real("scale", p.scale, 1);
}

std::string what_is_wrong(const MoeRoutingProblem& p) {
  if (p.top > p.experts) {
    return fmt::format("a token goes to top={} of {} experts", p.top, p.experts);
  }
  if (p.groups == 0 && p.limit == 0) return {};
  if (p.groups == 0 || p.limit == 0) return "groups and limit stand together";
  if (p.softmax) return "softmax has no groups";
  if (p.experts % p.groups != 0 || p.experts / p.groups < 2) {
    return fmt::format("{} experts do not fall into {} groups of two or more", p.experts, p.groups);
  }
  if (p.limit > p.groups) return fmt::format("limit={} of {} groups", p.limit, p.groups);
  if (p.top > p.limit * (p.experts / p.groups)) {
    return fmt::format("{} groups of {} experts have no top={}", p.limit, p.experts / p.groups,
                       p.top);
  }
  return {};
}

}  // namespace moat
