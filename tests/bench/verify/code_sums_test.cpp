// SPDX-License-Identifier: Apache-2.0
// Block-scaled products whose codes are added up in few bits: what a device that does so is
// allowed, and what it is not.
#include "problems/reference/code_sums.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <numeric>
#include <string>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/random.hpp"
#include "bench/verify/verify.hpp"
#include "tests/support/code_sums.hpp"

namespace moat {
namespace {

using testing::block_sum;
using testing::ScaledFaults;
using testing::solve_by_blocks;

constexpr int kBits = 13;

VerifyOptions full(std::optional<int> bits) { return {.full_work = 1e12, .code_sum_bits = bits}; }
VerifyOptions sampled(std::optional<int> bits) {
  return {.full_work = 0, .sample_work = 2e5, .code_sum_bits = bits};
}

// A problem with its inputs, and C as some device computes it.
class Scaled {
 public:
  explicit Scaled(const std::string& name, std::uint64_t seed = 1)
      : inputs_(parse_case(name), seed), c_(outputs_bytes(inputs_.problem())) {}

  const Inputs& inputs() const { return inputs_; }
  std::span<const std::byte> solved(std::optional<int> bits, const ScaledFaults& faults = {}) {
    auto p = std::get<ScaledGemmProblem>(inputs_.problem());
    p.c = c_.data();
    solve_by_blocks(p, bits, faults);
    return c_;
  }

 private:
  Inputs inputs_;
  std::vector<std::byte> c_;
};

// Errors of C, m × n, without any rounding of it.
std::vector<double> errors(const ScaledGemmProblem& p) {
  const int blocks = ceil_div(p.k, kPerScale);
  const auto scale = [&](const void* scales, std::int64_t line, int block) {
    const std::int64_t at = line * blocks + block;
    return p.ue8m0 ? decode(static_cast<const e8m0*>(scales)[at])
                   : static_cast<const float*>(scales)[at];
  };
  std::vector<double> made;
  for (int row = 0; row < p.m; ++row) {
    const std::span a(static_cast<const e4m3*>(p.a) + std::int64_t{row} * p.k, p.k);
    for (int col = 0; col < p.n; ++col) {
      const std::span b(static_cast<const e4m3*>(p.b) + std::int64_t{col} * p.k, p.k);
      double error = 0;
      for (int block = 0; block < blocks; ++block) {
        const int k = block * kPerScale;
        const int steps = std::min(p.k - k, kPerScale);
        const auto sum = [&](std::optional<int> bits) {
          return block_sum<e4m3>(a.subspan(k, steps), b.subspan(k, steps), bits);
        };
        error += (sum(kBits) - sum({})) * scale(p.a_scales, row, block) *
                 scale(p.b_scales, col / kPerScale, block);
      }
      made.push_back(error);
    }
  }
  return made;
}

// Largest |error| ÷ bound of an element.
double worst_loss(const ScaledGemmProblem& p, Data data) {
  std::vector<int> rows(p.m);
  std::vector<int> cols(p.n);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(cols.begin(), cols.end(), 0);
  const auto bounds = reference::code_losses(p, rows, cols, kBits, data);
  const auto found = errors(p);
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    worst = std::max(worst, reference::error_over_bound(found[i], 0, bounds[i], DType::f32));
  }
  return worst;
}

// The same of sums of rows with signs.
double worst_signed_loss(const ScaledGemmProblem& p, Data data) {
  const auto blocks = static_cast<std::size_t>(ceil_div(p.k, kPerScale));
  const auto a = reference::code_blocks(p, p.a, p.a_scales, p.m, 1);
  const auto b = reference::code_blocks(p, p.b, p.b_scales, p.n, kPerScale);
  std::vector<reference::CodeBlocks> all(blocks);
  for (std::size_t i = 0; i < b.size(); ++i) all[i % blocks].add(b[i], 1);
  const auto found = errors(p);
  double worst = 0;
  for (int row = 0; row < p.m; ++row) {
    double sum = 0;
    for (int col = 0; col < p.n; ++col) {
      sum += random_sign(1, static_cast<std::uint64_t>(col)) * found[row * p.n + col];
    }
    const double bound =
        reference::code_loss_bound(std::span(a).subspan(row * blocks, blocks), all, kBits, data);
    worst = std::max(worst, reference::error_over_bound(sum, 0, bound, DType::f32));
  }
  return worst;
}

TEST(CodeSums, BoundOfRandomCodesHoldsAndIsNear) {
  for (const char* shape :
       {"m33n65k128", "m40n33k300", "m17n40k31", "m9n40k4096", "m9n40k7168", "m9n40k7168ue8m0"}) {
    const Scaled scaled(std::string("scaledgemm/bf16xe4m3/") + shape);
    const double worst =
        worst_loss(std::get<ScaledGemmProblem>(scaled.inputs().problem()), Data::random_signs);
    EXPECT_LE(worst, 1) << shape;
    EXPECT_GE(worst, 0.02) << shape;
    RecordProperty(shape, std::to_string(worst));
  }
}

TEST(CodeSums, BoundOfSignedSumsHolds) {
  for (const char* shape : {"m33n65k128", "m40n133k300", "m90n1k128", "m9n40k4096"}) {
    const Scaled scaled(std::string("scaledgemm/bf16xe4m3/") + shape);
    const auto& p = std::get<ScaledGemmProblem>(scaled.inputs().problem());
    const double worst = worst_signed_loss(p, Data::random_signs);
    EXPECT_LE(worst, 1) << shape;
    EXPECT_GE(worst, 0.001) << shape;
    RecordProperty(shape, std::to_string(worst));
    EXPECT_LT(worst_signed_loss(p, Data::any), worst) << shape;
  }
}

// Codes chosen against the unit; signs are anything.
class ChosenCodes : public ::testing::Test {
 protected:
  static constexpr int kRows = 8;
  static constexpr int kDepth = 256;

  // Rows of A and of B as `code_of(row, step)` says, of scale 1.
  template <class OfA, class OfB>
  static double worst(OfA&& of_a, OfB&& of_b) {
    std::vector<std::uint8_t> a;
    std::vector<std::uint8_t> b;
    for (int row = 0; row < kRows; ++row) {
      for (int step = 0; step < kDepth; ++step) {
        a.push_back(of_a(row, step));
        b.push_back(of_b(row, step));
      }
    }
    const std::vector<float> ones(kRows * kDepth / kPerScale, 1.0f);
    return worst_loss({.m = kRows,
                       .n = kRows,
                       .k = kDepth,
                       .a = a.data(),
                       .a_scales = ones.data(),
                       .b = b.data(),
                       .b_scales = ones.data()},
                      Data::any);
  }
  static std::uint8_t code(float x) { return encode<e4m3>(x).bits; }
  static std::uint8_t ones(int, int) { return code(1); }
};

TEST_F(ChosenCodes, ManySmallProductsBesideALargeOne) {
  for (const int apart : {7, 8, 9, 12, 13, 14, 15, 16}) {
    const auto at_large = [](int row, int step) { return step % kPerScale == row; };
    const double ratio = worst(
        [&](int row, int step) {
          return at_large(row, step) ? code(448) : code(std::ldexp(1.875f, 8 - apart));
        },
        [](int, int step) { return code(step % kPerScale < kRows ? 1.0f : 1.875f); });
    EXPECT_LE(ratio, 1) << apart;
    if (apart == 15) {
      EXPECT_GE(ratio, 0.75);  // each product is lost, 0.88 of what may be
    }
  }
}

TEST_F(ChosenCodes, LargeSumsThatSmallOnesAreAddedTo) {
  for (const float small : {1.875f, 0.0625f, 0x1.8p-7f, 0x1p-9f}) {
    const auto of_a = [&](int row, int step) {
      return step % kPerScale < 32 + row ? code(448) : code(small);
    };
    EXPECT_LE(worst(of_a, [](int, int) { return code(448); }), 1) << small;
    EXPECT_LE(worst(of_a, [](int col, int) { return code(col % 2 == 0 ? 0x1p-6f : 0x7p-9f); }), 1)
        << small;
  }
}

// The sum is 0 or small where its terms, and what they lost, are large.
TEST_F(ChosenCodes, LargeProductsThatCancel) {
  const auto of_a = [](int row, int step) {
    if (step % 64 == row) return code(448);
    if (step % 64 == 40 + row) return code(-448);
    return code(step % 3 == 0 ? 0.13f : 0x5p-9f);
  };
  EXPECT_LE(worst(of_a, ones), 1);
  EXPECT_LE(worst(of_a, of_a), 1);
}

TEST_F(ChosenCodes, ASmallSumThatALargeProductIsAddedTo) {
  const double ratio = worst(
      [](int, int step) {
        if (step % kPerScale == 0) return code(0x1.ep-6f);
        return code(step % kPerScale == 127 ? 448 : 0);
      },
      ones);
  EXPECT_LE(ratio, 1);
  EXPECT_GE(ratio, 0.9);  // the sum is lost, 0.94 of what may be
}

TEST_F(ChosenCodes, AnyBits) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto any = [&](int of, int row, int step) {
      const auto index = static_cast<std::uint64_t>((of * kRows + row) * kDepth + step);
      const std::uint64_t bits = random_bits(seed, index);
      const auto byte = static_cast<std::uint8_t>(seed % 2 == 0 ? bits & 0x7f : bits);
      return (byte & 0x7f) == 0x7f ? std::uint8_t{0} : byte;  // no NaN
    };
    EXPECT_LE(worst([&](int row, int step) { return any(0, row, step); },
                    [&](int row, int step) { return any(1, row, step); }),
              1)
        << seed;
  }
}

TEST(CodeSums, WhatHasNothingToLoseGetsNoRoom) {
  const std::vector<std::uint8_t> ones(32, encode<e4m3>(1).bits);
  const float one = 1;
  ScaledGemmProblem p{.a = ones.data(), .a_scales = &one, .b = ones.data(), .b_scales = &one};
  const int first[] = {0};
  const auto bound = [&] { return reference::code_losses(p, first, first, kBits, Data::any)[0]; };
  EXPECT_EQ(bound(), 0);
  p.k = 32;  // their sum is cut behind its 13th bit, 2⁻⁸
  EXPECT_EQ(bound(), 0x1p-8);
}

class CodeSumsOfDevices : public ::testing::TestWithParam<bool> {
 protected:
  static VerifyOptions options(std::optional<int> bits) {
    return GetParam() ? sampled(bits) : full(bits);
  }
  // Outputs are so small that threads would wait longer than they work.
  void SetUp() override { omp_set_num_threads(1); }
  void TearDown() override { omp_set_num_threads(threads_); }

 private:
  int threads_ = omp_get_max_threads();
};

TEST_P(CodeSumsOfDevices, PassWhereTheDeviceSaysSoOnly) {
  const auto try_shape = [](const std::string& shape, std::uint64_t seed, bool shows) {
    Scaled scaled("scaledgemm/" + shape, seed);
    const Verifier wide(scaled.inputs(), options(kBits));
    const Verifier tight(scaled.inputs(), options({}));
    const auto of_unit = scaled.solved(kBits);
    const Check allowed = wide.check(of_unit);
    EXPECT_TRUE(allowed.passed) << shape << ": " << allowed.message;
    EXPECT_EQ(allowed.sampled, GetParam());
    if (shows) {
      EXPECT_FALSE(tight.check(of_unit).passed) << shape;
      EXPECT_FALSE(wide.check(scaled.solved(kBits - 4)).passed) << shape;
    }
    const auto exact = scaled.solved({});
    EXPECT_TRUE(wide.check(exact).passed) << shape;
    EXPECT_TRUE(tight.check(exact).passed) << shape;
  };
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    try_shape("f16xe4m3/m64n96k128", seed, true);
    try_shape("f16xe4m3/m40n140k300", seed, true);
    try_shape("f16xe4m3/m1n300k77", seed, false);
    try_shape("bf16xe4m3/m300n20k128ue8m0", seed, false);
  }
  try_shape("bf16xe4m3/m24n40k4096", 0, false);
}

// The instructions do not multiply the other format.
TEST_P(CodeSumsOfDevices, GiveOtherCodesNoRoom) {
  Scaled scaled("scaledgemm/f16xe4m3fnuz/m64n96k128");
  const Verifier verifier(scaled.inputs(), options(kBits));
  EXPECT_TRUE(verifier.check(scaled.solved({})).passed);
  EXPECT_FALSE(verifier.check(scaled.solved(kBits)).passed);
}

// Large products cancel, and with them all others are lost: C is 0.
TEST_P(CodeSumsOfDevices, MayLoseAllOfAnElement) {
  constexpr int kSide = 64;
  std::vector<e4m3> a(kSide * kPerScale, encode<e4m3>(0x1.ep-7f));
  for (std::size_t i = 0; i < a.size(); i += 32) {
    a[i] = encode<e4m3>(448);
    a[i + 1] = encode<e4m3>(-448);
  }
  const std::vector<e4m3> b(kSide * kPerScale, encode<e4m3>(1));
  const std::vector<float> ones(kSide, 1.0f);
  std::vector<std::byte> c(kSide * kSide * sizeof(bf16));
  const ScaledGemmProblem p{.m = kSide,
                            .n = kSide,
                            .k = kPerScale,
                            .a = a.data(),
                            .a_scales = ones.data(),
                            .b = b.data(),
                            .b_scales = ones.data(),
                            .c = c.data()};
  solve_by_blocks(p, kBits);
  EXPECT_EQ(to_float(reinterpret_cast<const bf16*>(c.data())[5]), 0);
  const Check check = Verifier(p, Data::any, options(kBits)).check(c);
  EXPECT_TRUE(check.passed) << check.message;
  EXPECT_FALSE(Verifier(p, Data::any, options({})).check(c).passed);
}

TEST_P(CodeSumsOfDevices, FaultsFail) {
  for (const char* shape :
       {"f16xe4m3/m64n96k128", "bf16xe4m3/m64n96k128", "bf16xe4m3/m40n140k300",
        "f16xe4m3/m24n40k4096", "bf16xe4m3/m24n40k4096", "bf16xe4m3/m24n40k4096ue8m0"}) {
    Scaled scaled(fmt::format("scaledgemm/{}", shape));
    const Verifier verifier(scaled.inputs(), options(kBits));
    const auto reject = [&](const char* what, const ScaledFaults& faults) {
      EXPECT_FALSE(verifier.check(scaled.solved(kBits, faults)).passed) << shape << ": " << what;
    };
    reject("no scales", {.no_scales = true});
    reject("scales of the row below", {.scale_row = 1});
    reject("the first block left out", {.lost_block = 0});
    // Of thousands of codes one is within what C is rounded to.
    if (std::get<ScaledGemmProblem>(scaled.inputs().problem()).k == kPerScale) {
      reject("a code of one row", {.wrong_code = 77});
    }
  }
}

std::string mode_name(const ::testing::TestParamInfo<bool>& mode) {
  return mode.param ? "sampled" : "full";
}
INSTANTIATE_TEST_SUITE_P(All, CodeSumsOfDevices, ::testing::Bool(), mode_name);

TEST(VerifyOptionsOfADevice, HoldWhatItTells) {
  DeviceInfo device;
  EXPECT_EQ(options_for(device).code_sum_bits, std::nullopt);
  EXPECT_FALSE(options_for(device).flushes_subnormals);
  device.code_sum_bits = kBits;
  device.flushes_subnormals = true;
  const VerifyOptions options = options_for(device, {.full_work = 3, .seed = 4});
  EXPECT_EQ(options.code_sum_bits, kBits);
  EXPECT_TRUE(options.flushes_subnormals);
  EXPECT_EQ(options.full_work, 3);
  EXPECT_EQ(options.seed, 4u);
}

}  // namespace
}  // namespace moat
