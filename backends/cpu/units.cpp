// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/units.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace moat::cpu {

std::string unit_beyond_fma(DType t) {
  bool half = false;
  switch (t) {
    case DType::f32:
      return {};
    case DType::f16:
      half = true;
      break;
    case DType::bf16:
      break;
  }
#if defined(__x86_64__)
  // Intel SDM, CPUID leaf 7: sub-leaf 0 EDX 22 AMX-BF16, 23 AVX512-FP16; sub-leaf 1 EAX 5
  // AVX512-BF16, 21 AMX-FP16.
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  const auto bit = [](unsigned word, int i) { return (word >> i & 1) != 0; };
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    if (!half && bit(edx, 22)) return "AMX-BF16";
    if (half && bit(edx, 23)) return "AVX512-FP16";
  }
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0) {
    if (!half && bit(eax, 5)) return "AVX512-BF16";
    if (half && bit(eax, 21)) return "AMX-FP16";
  }
#elif defined(__aarch64__)
  if (half && (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0) return "half-precision vectors";
  if (!half && (getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0) return "BF16 products";
#endif
  return {};
}

}  // namespace moat::cpu
