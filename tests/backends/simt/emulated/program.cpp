// Compiled once per emulated family, as kernels/*.cpp are; MOAT_FAMILY is its name.
#include <variant>

#include "kernels/problem.hpp"

#include MOAT_BACKEND
#include "tests/backends/simt/emulated/programs.hpp"

namespace moat {

extern template void launch(ThisBackend&, const GemmProblem&);
extern template void launch(ThisBackend&, const AttentionProblem&);
extern template void launch(ThisBackend&, const ReductionProblem&);
extern template void launch(ThisBackend&, const RowsProblem&);
extern template void launch(ThisBackend&, const CeilingProblem&);

namespace testing {

unsigned MOAT_FAMILY(const Problem& problem, const Launch& how) {
  ThisBackend backend(how.max_blocks, how.splits);
  std::visit([&](const auto& p) { launch(backend, p); }, problem);
  return *backend.arrivals();
}

}  // namespace testing
}  // namespace moat
