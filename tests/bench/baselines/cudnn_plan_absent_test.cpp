// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bench/baselines/cudnn.hpp"
#include "tests/bench/baselines/named_device.hpp"

namespace moat {
namespace {

TEST(CudnnPlan, NeedsTheHeadersOfTheLibrary) {
  NamedDevice device("cuda");
  Baselines baselines;
  open_cudnn(device, baselines);
  ASSERT_EQ(baselines.absent.size(), 1u);
  ASSERT_EQ(baselines.absent[0].name, "cudnn");
  GTEST_SKIP() << baselines.absent[0].reason;
}

}  // namespace
}  // namespace moat
