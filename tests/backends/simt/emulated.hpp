// SPDX-License-Identifier: Apache-2.0
// Runs problems on the emulated architectures and verifies the results element by element.
#pragma once

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/verify/verify.hpp"
#include "tests/backends/simt/emulated/programs.hpp"
#include "tests/emulator/amd/subnormals.hpp"
#include "tests/emulator/device.hpp"

namespace moat::testing {

struct Architecture {
  const char* name;
  unsigned (*solve)(const Problem&, const Launch&);
  DType dtype;
};
inline void PrintTo(const Architecture& a, std::ostream* out) {
  *out << a.name << ' ' << name_of(a.dtype);
}

// References of small cases: threads would wait longer than they work.
inline const bool one_thread = (omp_set_num_threads(1), true);

// Tests run for each architecture family, with the schedules that GPUs run with, and each type.
class EmulatedTest : public ::testing::TestWithParam<Architecture> {
 protected:
  static DType dtype() { return GetParam().dtype; }

  // As DeviceInfo has it.
  static std::optional<int> code_sum_bits() {
    if (std::string_view(GetParam().name) == "sm_90a") return 13;
    return {};
  }

  static void solve(const Problem& problem, const Launch& how = {}) {
    EXPECT_EQ(GetParam().solve(problem, how), 0U);
  }

  // `count` elements of the type: at(0), at(1), …
  template <class At>
  static std::vector<std::byte> elements(std::size_t count, At at) {
    return with_dtype(dtype(), [&]<class T>(Type<T>) {
      std::vector<std::byte> bytes(count * sizeof(T));
      for (std::size_t i = 0; i < count; ++i) {
        const T x = from_float<T>(at(i));
        std::memcpy(bytes.data() + i * sizeof(T), &x, sizeof(T));
      }
      return bytes;
    });
  }

  // Random inputs.
  static void expect_verified(const Problem& shape, const Launch& how = {}) {
    emulator::EmulatedDevice device([&](const Problem& p) { solve(p, how); });
    const Inputs inputs(shape, 1);
    Operands operands(device, inputs);
    const Verifier verifier(inputs, {.code_sum_bits = code_sum_bits()});
    const Check check = verify(device, operands, 0, inputs, verifier);
    EXPECT_TRUE(check.passed) << check.message;
    EXPECT_EQ(check.checked, check.elements);
  }
};

inline std::string architecture_name(const ::testing::TestParamInfo<Architecture>& info) {
  return std::string(info.param.name).append("_").append(name_of(info.param.dtype));
}

inline constexpr Architecture kArchitectures[] = {
#define MOAT_EMULATED_FAMILY(name) \
  {#name, name, DType::f32}, {#name, name, DType::f16}, {#name, name, DType::bf16},
    MOAT_EMULATED_FAMILIES
#undef MOAT_EMULATED_FAMILY
};
inline const auto all_architectures = ::testing::ValuesIn(kArchitectures);

// Those of 16 bits.
inline const auto architectures_of_halves = [] {
  std::vector<Architecture> halves;
  std::ranges::copy_if(kArchitectures, std::back_inserter(halves),
                       [](const Architecture& a) { return size_of(a.dtype) == 2; });
  return ::testing::ValuesIn(halves);
}();

}  // namespace moat::testing
