// refused: instantiation
#include "kernels/gemm.hpp"

#include MOAT_BACKEND

namespace moat {
inline constexpr bool kHere = true;
template void launch(ThisBackend&, const GemmProblem&);
}  // namespace moat
