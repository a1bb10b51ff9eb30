// SPDX-License-Identifier: Apache-2.0
// Compiled once per backend; MOAT_BACKEND names the header that defines moat::ThisBackend.
#include "kernels/indexer.hpp"

#include MOAT_BACKEND

namespace moat {
template void launch(ThisBackend&, const IndexerProblem&);
}  // namespace moat
