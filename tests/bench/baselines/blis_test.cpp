// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/blis.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <vector>

#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"

namespace moat {
namespace {

std::string reason(std::vector<BlisFile> files, int threads = 2) {
  Baselines baselines;
  open_blis(threads, files, baselines);
  return baselines.absent.empty() ? "none" : baselines.absent.at(0).reason;
}

TEST(OpenBlis, TakesTheFirstThatHasKernelsForTheProcessor) {
  Baselines baselines;
  const std::array<BlisFile, 4> files{BlisFile{"libnothing.so.7", "/nowhere"},
                                      {MOAT_BLIS_PORTABLE, "/nowhere"},
                                      {MOAT_BLIS_WIDE, "/nowhere"},
                                      {MOAT_BLIS_TUNED, "/nowhere"}};
  open_blis(2, files, baselines);
  ASSERT_EQ(baselines.found.size(), 1u);
  EXPECT_TRUE(baselines.absent.empty());
  EXPECT_EQ(baselines.found[0]->name(), "blis");
  EXPECT_EQ(baselines.found[0]->version(), "9.8");
  EXPECT_EQ(baselines.found[0]->detail(), "kernels tuned, OpenMP");
}

TEST(OpenBlis, SaysWhyNoneWillDo) {
  EXPECT_NE(reason({{"libnothing.so.7", "/nowhere"}}).find("was not found"), std::string::npos);
  EXPECT_NE(reason({{MOAT_BLIS_PORTABLE, "/nowhere"}}).find("(9.8) runs portable loops"),
            std::string::npos);
  EXPECT_NE(reason({{MOAT_BLIS_WIDE, "/nowhere"}}).find("64-bit integers"), std::string::npos);
  EXPECT_NE(reason({{MOAT_BLIS_SERIAL, "/nowhere"}}).find("without OpenMP"), std::string::npos);
  EXPECT_EQ(reason({{MOAT_BLIS_SERIAL, "/nowhere"}}, 1), "none");
  EXPECT_NE(reason({{"libm.so.6", "/nowhere"}}).find("has no cblas_sgemm"), std::string::npos);
  const std::string both = reason({{MOAT_BLIS_PORTABLE, "/nowhere"}, {MOAT_BLIS_WIDE, "/nowhere"}});
  EXPECT_NE(both.find("portable loops"), std::string::npos) << both;
  EXPECT_NE(both.find("64-bit integers"), std::string::npos) << both;
}

// Debian's own, whatever its kernels: our declarations of its functions are right.
TEST(Blis, MultipliesMatrices) {
  std::unique_ptr<Baseline> blis;
  try {
    const SharedLibrary library("libblis.so.4", MOAT_LIBRARY_DIR "/blis-openmp");
    blis = make_blis(library, 2);
  } catch (const std::runtime_error& e) {
    GTEST_SKIP() << e.what();
  }
  for (const Order order : {Order::row_major, Order::transposed}) {
    for (const std::int64_t gap : {0, 5}) {
      for (const auto& [m, n, k] : {std::array{1, 1, 1}, {1, 37, 19}, {130, 70, 300}}) {
        GemmProblem shape{.m = m, .n = n, .k = k, .order_b = order};
        if (gap != 0) {
          shape.lda = k + gap;
          shape.ldb = (order == Order::transposed ? k : n) + gap;
          shape.ldc = n + gap;
        }
        const Inputs inputs(shape, 7);
        const Verifier verifier(inputs);
        std::vector<std::byte> output(outputs_bytes(shape), std::byte{0xff});
        auto p = std::get<GemmProblem>(inputs.problem());
        p.c = output.data();
        blis->prepare(shape)(p);
        const Check check = verifier.check(output, Summation::any_order);
        EXPECT_TRUE(check.passed) << check.message;
      }
    }
  }
  EXPECT_TRUE(blis->unsupported(GemmProblem{.dtype = DType::bf16}));
  EXPECT_THROW(blis->prepare(RowsProblem{}), std::runtime_error);
}

}  // namespace
}  // namespace moat
