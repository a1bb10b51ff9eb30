// SPDX-License-Identifier: Apache-2.0
#include "problems/ceiling.hpp"

namespace moat {

// The harness chooses their shapes.
std::vector<CeilingProblem> kernels_of(Type<CeilingProblem>) { return {}; }

Description describe(const CeilingProblem&) { return {}; }

Work work(const CeilingProblem& p) {
  switch (p.kind) {
    case CeilingKind::fma:
    case CeilingKind::mma:
      return Work::products;
    case CeilingKind::read:
    case CeilingKind::copy:
      return Work::elements;
  }
  return Work::elements;
}

void shape(CeilingProblem&, ShapeKeys&) {}

std::string what_is_wrong(const CeilingProblem&) { return {}; }

}  // namespace moat
