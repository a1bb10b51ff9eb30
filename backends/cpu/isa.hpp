// SPDX-License-Identifier: Apache-2.0
// The instruction sets that this build's kernels use, and whether the processor has them.
#pragma once

#include <string>
#include <vector>

namespace moat::cpu {

// Defined where it is compiled with the options of the kernels; plain data, safe to read anywhere.
struct BuildIsa {
  const char* name;             // amx, avx512, avx2, sse4, neon
  const char* const* features;  // as /proc/cpuinfo spells them; ends with nullptr
};
extern const BuildIsa build_isa;

// Features of this build that /proc/cpuinfo, given as text, does not list.
std::vector<std::string> missing_features(const std::string& cpuinfo);

}  // namespace moat::cpu
