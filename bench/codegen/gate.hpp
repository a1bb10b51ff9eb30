// What the compilers must not have done to a kernel.
#pragma once

#include <string>
#include <vector>

#include "bench/codegen/report.hpp"

namespace moat::codegen {

// A matrix instruction that kernels of a family must contain.
struct Promise {
  std::string family;
  std::string dtype;
  std::vector<std::string> kernels;       // EntryName::kernel
  std::vector<std::string> instructions;  // prefixes of opcodes, one of which must occur
};

// What the atoms of backends/cuda and backends/hip promise.
const std::vector<Promise>& promises();

struct Failure {
  std::string where;  // name of the kernel, or of the source: gemm/sm_90a
  std::string what;
};

// Every spill of vector registers, stack frame, message of ptxas, promised instruction that is
// missing, kernel that does not fit its architecture as often as its launch bounds ask, and source
// that could not be read. A promise for a compiled family that no kernel could keep is a failure
// too. Scalar registers that AMD's compiler parks in lanes of vector registers are no failure.
std::vector<Failure> failures(const Report& report,
                              const std::vector<Promise>& promised = promises());

}  // namespace moat::codegen
