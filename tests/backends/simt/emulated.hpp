// Runs problems on the emulated architectures and verifies the results element by element.
#pragma once

#include <gtest/gtest.h>
#include <omp.h>

#include <string>

#include "backends/cuda/schedules.hpp"
#include "backends/hip/schedules.hpp"
#include "bench/verify/verify.hpp"
#include "tests/emulator/device.hpp"

namespace moat::testing {

// The schedules that GPUs run with, on waves as wide as theirs.
using Wave32 = emulator::Backend<32, cuda::Schedules>;
using Wave64 = emulator::Backend<64, hip::Schedules>;

// References of small cases: threads would wait longer than they work.
inline const bool one_thread = (omp_set_num_threads(1), true);

struct Launch {
  int max_blocks = 3;
  int splits = 1;
};

template <class BackendOf, class P>
void expect_verified(const P& shape, Launch how) {
  SCOPED_TRACE(BackendOf::kWaveWidth);
  emulator::EmulatedDevice<BackendOf, P> device(BackendOf(how.max_blocks, how.splits));
  const Inputs inputs(shape, 1);
  Operands operands(device, inputs);
  const Verifier verifier(inputs);
  const Check check = verify(device, operands, 0, inputs, verifier);
  EXPECT_TRUE(check.passed) << check.message;
  EXPECT_EQ(check.checked, check.elements);
  EXPECT_EQ(*device.backend().arrivals(), 0U);
}

// Random inputs, on waves of 32 and of 64 lanes.
template <class P>
void expect_verified(const P& shape, Launch how = {}) {
  expect_verified<Wave32>(shape, how);
  expect_verified<Wave64>(shape, how);
}

class EmulatedTest : public ::testing::TestWithParam<DType> {};

inline std::string dtype_name(const ::testing::TestParamInfo<DType>& info) {
  return std::string(name_of(info.param));
}

inline const auto all_types = ::testing::Values(DType::f32, DType::f16, DType::bf16);

}  // namespace moat::testing
