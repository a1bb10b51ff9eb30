// SPDX-License-Identifier: Apache-2.0
// Correct results in any order of summation pass; mutants of every kernel do not.
#include "bench/verify/verify.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/case.hpp"
#include "tests/bench/verify/plain.hpp"
#include "tests/support/host_device.hpp"

namespace moat {
namespace {

using ::testing::HasSubstr;
using testing::HostDevice;
using testing::kSumOrders;
using testing::Plain;
using testing::solve;
using testing::SumOrder;
using ::testing::TestWithParam;
using ::testing::Values;

constexpr VerifyOptions kFull{.full_work = 1e12};
constexpr VerifyOptions kSampled{.full_work = 0, .sample_work = 2e5};

std::string with_dtype_name(std::string name, DType type) {
  return name.replace(name.find("TYPE"), 4, name_of(type));
}

// One problem with its inputs, and outputs of implementations of it.
class Bench {
 public:
  explicit Bench(const std::string& name, std::uint64_t seed = 1)
      : inputs_(parse_case(name), seed), operands_(device_, inputs_) {}

  const Problem& problem() const { return operands_.problem(); }

  // Solves into the output and returns its bytes, to be changed at will.
  std::vector<std::byte> solved(const Plain& how = {}) {
    operands_.poison(0);
    solve(problem(), how);
    return operands_.download(0);
  }

  Check check(const std::vector<std::byte>& output, const VerifyOptions& options,
              Summation summation = Summation::folded) const {
    if (!verifier_ || options_ != &options) verifier_.emplace(inputs_, options);
    options_ = &options;
    return verifier_->check(output, summation);
  }

  HostDevice& device() { return device_; }
  const Inputs& inputs() const { return inputs_; }
  Operands& operands() { return operands_; }

 private:
  HostDevice device_;
  Inputs inputs_;
  Operands operands_;
  mutable std::optional<Verifier> verifier_;  // made with *options_
  mutable const VerifyOptions* options_ = nullptr;
};

class BothModes : public TestWithParam<std::tuple<DType, bool>> {
 protected:
  DType type() const { return std::get<0>(GetParam()); }
  const VerifyOptions& options() const { return std::get<1>(GetParam()) ? kSampled : kFull; }
  bool sampled() const { return std::get<1>(GetParam()); }

  std::string name(const std::string& pattern) const { return with_dtype_name(pattern, type()); }

  void expect_rejected(const Bench& bench, const std::vector<std::byte>& output,
                       const std::string& what) const {
    const Check check = bench.check(output, options());
    EXPECT_FALSE(check.passed) << what << ": " << check.error_over_bound;
    EXPECT_GT(check.error_over_bound, 1) << what;
    EXPECT_FALSE(check.message.empty()) << what;
  }

  // Faults that any matrix output can have; `stride` bytes a row.
  void reject_damage(Bench& bench, std::int64_t rows, std::int64_t cols, std::int64_t ld) {
    const auto size = static_cast<std::int64_t>(size_of(type()));
    const auto good = bench.solved();
    ASSERT_TRUE(bench.check(good, options()).passed) << bench.check(good, options()).message;
    const auto fill = [&](std::vector<std::byte>& out, std::int64_t row, std::int64_t col,
                          std::int64_t row_count, std::int64_t col_count, int byte) {
      for (std::int64_t r = row; r < row + row_count; ++r) {
        std::memset(out.data() + (r * ld + col) * size, byte,
                    static_cast<std::size_t>(col_count * size));
      }
    };
    auto out = good;
    fill(out, 0, 0, rows, cols, kPoison);
    expect_rejected(bench, out, "does nothing");
    out = good;
    fill(out, 0, 0, rows, cols, 0);
    expect_rejected(bench, out, "writes zeros");
    for (const int byte : {int{kPoison}, 0}) {
      out = good;
      fill(out, rows - 1, 0, 1, cols, byte);
      expect_rejected(bench, out, fmt::format("last row {}", byte));
      out = good;
      fill(out, 0, cols - 1, rows, 1, byte);
      expect_rejected(bench, out, fmt::format("last column {}", byte));
      out = good;
      const std::int64_t block = std::min({std::int64_t{16}, rows, cols});
      fill(out, rows - block, cols - block, block, block, byte);
      expect_rejected(bench, out, fmt::format("last block {}", byte));
    }
    out = good;
    fill(out, rows / 2, cols / 2, 1, 1, kPoison);
    expect_rejected(bench, out, "one element unwritten");
    EXPECT_THAT(bench.check(out, options()).message, HasSubstr("1 of"));
    out = good;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    with_dtype(type(), [&]<class T>(Type<T>) {
      const T value = from_float<T>(nan);
      std::memcpy(out.data() + (rows / 2 * ld + cols / 2) * size, &value, sizeof value);
    });
    expect_rejected(bench, out, "a NaN");
    EXPECT_THAT(bench.check(out, options()).message, HasSubstr("NaN"));
    EXPECT_EQ(bench.check(out, options()).error_over_bound,
              std::numeric_limits<double>::infinity());
    // Blocks of rows exchanged, as by a wrong block index.
    out = good;
    const std::int64_t half = rows / 2;
    for (std::int64_t r = 0; r < half; ++r) {
      std::memcpy(out.data() + r * ld * size, good.data() + (half + r) * ld * size,
                  static_cast<std::size_t>(cols * size));
      std::memcpy(out.data() + (half + r) * ld * size, good.data() + r * ld * size,
                  static_cast<std::size_t>(cols * size));
    }
    expect_rejected(bench, out, "permutes rows");
    out = good;
    out.back() = std::byte{0};
    EXPECT_FALSE(bench.check(out, options()).passed);
    out = good;
    out[good.size() - kGuardBytes] = std::byte{0};
    EXPECT_THAT(bench.check(out, options()).message, HasSubstr("behind the end"));
    if (ld > cols) {
      out = good;
      out[static_cast<std::size_t>(cols * size)] = std::byte{0};
      EXPECT_THAT(bench.check(out, options()).message, HasSubstr("gap behind row 0"));
    }
  }

  void reject_stale(const std::string& pattern) const {
    Bench now(name(pattern), 1);
    Bench before(name(pattern), 2);
    expect_rejected(now, before.solved(), "previous result");
  }
};

std::string mode_name(const ::testing::TestParamInfo<std::tuple<DType, bool>>& info) {
  return std::string(name_of(std::get<0>(info.param))) +
         (std::get<1>(info.param) ? "_sampled" : "_full");
}

INSTANTIATE_TEST_SUITE_P(All, BothModes,
                         ::testing::Combine(::testing::ValuesIn(kDTypes), Values(false, true)),
                         mode_name);

// Checks of many small outputs, for which threads wait longer than they work. The mutants below are
// checked by all threads.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  int before_ = omp_get_max_threads();
};

// No false alarms: many seeds, every order of summation.

TEST_P(BothModes, GemmAcceptsAnyOrder) {
  const OneThread one_thread;
  double most = 0;
  const auto try_shape = [&](const std::string& shape, std::uint64_t seeds) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      Bench bench(name(fmt::format("gemm/TYPE/{}", shape)), seed);
      for (const SumOrder order : kSumOrders) {
        const Check check = bench.check(bench.solved({.order = order}), options());
        EXPECT_TRUE(check.passed) << shape << ": " << check.message;
        most = std::max(most, check.error_over_bound);
      }
    }
  };
  for (const char* shape :
       {"m33n65k200", "m70n31k129btlda140ldb150ldc40", "m1n300k77bt", "m3n2k1"}) {
    try_shape(shape, 6);
  }
  try_shape("m300n600k20", 1);  // several bands of rows and columns
  RecordProperty("error_over_bound", std::to_string(most));
}

TEST_P(BothModes, AttentionAcceptsAnyOrder) {
  const OneThread one_thread;
  for (const char* shape : {"b2q9kv9h4hkv2d64causal", "b1q1kv300h4hkv1d128", "b1q40kv70h1hkv1d64",
                            "b1q9kv5h1hkv1d64causal"}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      Bench bench(name(fmt::format("attention/TYPE/{}", shape)), seed);
      for (const SumOrder order : kSumOrders) {
        for (const auto weights : {Plain::Weights::f32, Plain::Weights::rounded,
                                   Plain::Weights::normalised_then_rounded}) {
          const Check check =
              bench.check(bench.solved({.order = order, .weights = weights}), options());
          EXPECT_TRUE(check.passed) << shape << ": " << check.message;
        }
      }
    }
  }
}

TEST_P(BothModes, RowsAcceptAnyOrder) {
  const OneThread one_thread;
  for (const char* shape : {"r40c5", "r3c1000", "r1c1", "r17c64"}) {
    for (const char* kernel : {"softmax", "rmsnorm"}) {
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        Bench bench(name(fmt::format("{}/TYPE/{}", kernel, shape)), seed);
        for (const SumOrder order : kSumOrders) {
          const Check check =
              bench.check(bench.solved({.order = order}), options(), Summation::any_order);
          EXPECT_TRUE(check.passed) << kernel << shape << ": " << check.message;
        }
      }
    }
  }
}

TEST_P(BothModes, ReductionsAcceptAnyOrder) {
  const OneThread one_thread;
  for (const std::int64_t n : {1, 7, 64, 1000, 100000}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      for (const char* kernel : {"sum", "max", "argmax"}) {
        Bench bench(name(fmt::format("{}/TYPE/n{}", kernel, n)), seed);
        for (const SumOrder order : kSumOrders) {
          const Check check =
              bench.check(bench.solved({.order = order}), options(), Summation::any_order);
          EXPECT_TRUE(check.passed) << kernel << n << ": " << check.message;
          EXPECT_FALSE(check.sampled);
        }
        const Check folded = bench.check(bench.solved({.order = SumOrder::folded}), options());
        EXPECT_TRUE(folded.passed) << kernel << n << ": " << folded.message;
      }
    }
  }
}

// Mutants.

TEST_P(BothModes, GemmRejectsDamage) {
  {
    Bench bench(name("gemm/TYPE/m96n130k64"));
    reject_damage(bench, 96, 130, 130);
  }
  Bench strided(name("gemm/TYPE/m64n48k40btldc60"));
  reject_damage(strided, 64, 48, 60);
  reject_stale("gemm/TYPE/m96n130k64");
}

TEST_P(BothModes, GemmRejectsOtherProducts) {
  for (const char* order : {"", "bt"}) {
    Bench bench(name(fmt::format("gemm/TYPE/m80n80k80{}", order)));
    expect_rejected(bench, bench.solved({.ignore_order_b = true}), "B read the other way");
    auto transposed = bench.solved();
    const auto size = size_of(type());
    const auto good = transposed;
    for (std::size_t i = 0; i < 80; ++i) {
      for (std::size_t j = 0; j < 80; ++j) {
        std::memcpy(transposed.data() + (i * 80 + j) * size, good.data() + (j * 80 + i) * size,
                    size);
      }
    }
    expect_rejected(bench, transposed, "C transposed");
  }
}

TEST_P(BothModes, GemmRejectsLowPrecisionSums) {
  for (const int k : {64, 512, 4096}) {
    Bench bench(name(fmt::format("gemm/TYPE/m40n40k{}", k)));
    for (const DType low : {DType::f16, DType::bf16}) {
      expect_rejected(bench, bench.solved({.accumulate = low}),
                      fmt::format("sums in {}, k = {}", name_of(low), k));
    }
    if (type() == DType::f32) {
      expect_rejected(bench, bench.solved({.tf32 = true}), fmt::format("TF32, k = {}", k));
    }
  }
}

// The sums over bands see one wrong element that no sampled row or column holds.
TEST(GemmInvariant, SeesASingleElementOutsideTheSample) {
  for (const DType type : kDTypes) {
    Bench bench(with_dtype_name("gemm/TYPE/m200n300k128", type));
    const auto good = bench.solved();
    const VerifyOptions options{.full_work = 0, .sample_work = 1};
    const Check before = bench.check(good, options);
    ASSERT_TRUE(before.passed) << before.message;
    ASSERT_LT(before.checked, 600);
    int rejected = 0;
    for (int trial = 0; trial < 50; ++trial) {
      // Not one of the rows and columns of another size.
      const int row = (trial * 37) % 192 / 16 * 16 + 2;
      const int col = (trial * 53) % 288 / 16 * 16 + 2;
      auto bad = good;
      with_dtype(type, [&]<class T>(Type<T>) {
        T* x = reinterpret_cast<T*>(bad.data()) + row * 300 + col;
        *x = from_float<T>(to_float(*x) + 6.5f);  // a typical element is √(128 ÷ 9) = 3.8
      });
      rejected += bench.check(bad, options).passed ? 0 : 1;
    }
    EXPECT_EQ(rejected, 50) << name_of(type);
  }
}

// Beside rows and columns that are larger by thousands, wherever it lies.
TEST(GemmInvariant, SeesAFaultInASmallRow) {
  for (const DType type : kDTypes) {
    Bench bench(with_dtype_name("gemm/TYPE/m208n304k128", type));
    const auto good = bench.solved();
    const VerifyOptions options{.full_work = 0, .sample_work = 1};
    ASSERT_TRUE(bench.check(good, options).passed) << bench.check(good, options).message;
    int rejected = 0;
    int small = 0;
    for (int row = 9; row < 208; row += 32) {
      for (int col = 0; col < 304; col += 38) {
        auto bad = good;
        with_dtype(type, [&]<class T>(Type<T>) {
          T* x = reinterpret_cast<T*>(bad.data()) + row * 304 + col;
          *x = from_float<T>(-9 * to_float(*x));
        });
        ++small;
        rejected += bench.check(bad, options).passed ? 0 : 1;
      }
    }
    // An element may be small by chance.
    EXPECT_GT(rejected, small * 3 / 4) << name_of(type);
  }
}

TEST_P(BothModes, AttentionRejectsDamage) {
  Bench bench(name("attention/TYPE/b1q70kv90h2hkv1d64causal"));
  reject_damage(bench, 140, 64, 64);
  reject_stale("attention/TYPE/b1q70kv90h2hkv1d64causal");
}

TEST_P(BothModes, AttentionRejectsWrongMaskScaleAndSums) {
  Bench causal(name("attention/TYPE/b1q70kv70h2hkv1d64causal"));
  expect_rejected(causal, causal.solved({.mask_shift = 1}), "one key too many");
  expect_rejected(causal, causal.solved({.mask_shift = -1}), "one key too few");
  expect_rejected(causal, causal.solved({.forget_scale = true}), "no scale");
  Bench full(name("attention/TYPE/b1q50kv150h2hkv1d64"));
  expect_rejected(full, full.solved({.forget_scale = true}), "no scale");
  expect_rejected(full, full.solved({.mask_shift = -1}), "the last key left out");
  if (type() != DType::bf16) {
    expect_rejected(full, full.solved({.accumulate = DType::bf16}), "sums in bf16");
  }
  if (type() == DType::f32) {
    expect_rejected(full, full.solved({.accumulate = DType::f16}), "sums in f16");
  }
  Bench decode(name("attention/TYPE/b2q1kv2000h8hkv2d128"));
  expect_rejected(decode, decode.solved({.accumulate = DType::bf16}), "sums in bf16");
  if (type() != DType::bf16) {
    expect_rejected(decode, decode.solved({.accumulate = DType::f16}), "sums in f16");
  }
}

TEST_P(BothModes, AttentionRejectsValuesWhereNothingIsSeen) {
  Bench bench(name("attention/TYPE/b1q40kv8h1hkv1d64causal"));
  auto out = bench.solved();
  ASSERT_TRUE(bench.check(out, options()).passed);
  with_dtype(type(), [&]<class T>(Type<T>) {
    reinterpret_cast<T*>(out.data())[17 * 64 + 3] = from_float<T>(0.125f);
  });
  expect_rejected(bench, out, "a query without keys");
}

TEST_P(BothModes, SoftmaxRejectsDamage) {
  Bench bench(name("softmax/TYPE/r80c96"));
  reject_damage(bench, 80, 96, 96);
  reject_stale("softmax/TYPE/r80c96");
}

TEST_P(BothModes, RmsNormRejectsDamage) {
  Bench bench(name("rmsnorm/TYPE/r80c96"));
  reject_damage(bench, 80, 96, 96);
  reject_stale("rmsnorm/TYPE/r80c96");
}

TEST_P(BothModes, RowsRejectLowPrecisionSumsAndWrongFormulas) {
  for (const char* kernel : {"softmax", "rmsnorm"}) {
    Bench bench(name(fmt::format("{}/TYPE/r16c4096", kernel)));
    expect_rejected(bench, bench.solved({.accumulate = DType::bf16}),
                    fmt::format("{}: sums in bf16", kernel));
    expect_rejected(bench, bench.solved({.accumulate = DType::f16}),
                    fmt::format("{}: sums in f16", kernel));
  }
  Bench bench(name("rmsnorm/TYPE/r16c100eps0.1"));
  expect_rejected(bench, bench.solved({.forget_epsilon = true}), "no epsilon");
  expect_rejected(bench, bench.solved({.forget_root = true}), "no root");
}

// With the shapes' usual epsilon, and with a single row too.
TEST_P(BothModes, RowsRejectWhatIsMissing) {
  for (const char* shape : {"r1c4096", "r16c4096", "r3c100"}) {
    Bench rms_norm(name(fmt::format("rmsnorm/TYPE/{}", shape)));
    expect_rejected(rms_norm, rms_norm.solved({.forget_epsilon = true}), "no epsilon");
    Bench softmax(name(fmt::format("softmax/TYPE/{}", shape)));
    expect_rejected(softmax, softmax.solved({.forget_maximum = true}), "no maximum");
  }
}

TEST_P(BothModes, AttentionRejectsWithoutMaximum) {
  for (const char* shape :
       {"b1q50kv150h2hkv1d64", "b1q64kv64h8hkv2d128causal", "b1q1kv300h8hkv2d64"}) {
    Bench bench(name(fmt::format("attention/TYPE/{}", shape)));
    const Check right = bench.check(bench.solved(), options());
    EXPECT_TRUE(right.passed) << right.message;
    expect_rejected(bench, bench.solved({.forget_maximum = true}), "no maximum");
  }
}

TEST_P(BothModes, SumRejectsWhatIsMissing) {
  for (const std::int64_t n : {1, 100, 100000}) {
    Bench bench(name(fmt::format("sum/TYPE/n{}", n)));
    auto out = bench.solved({.order = SumOrder::folded});
    ASSERT_TRUE(bench.check(out, options()).passed) << bench.check(out, options()).message;
    expect_rejected(bench, bench.solved({.order = SumOrder::folded, .ignored = 1}),
                    "the last element");
    if (n == 100000) {
      expect_rejected(bench, bench.solved({.ignored = 4096}), "the last block");
      expect_rejected(bench, bench.solved({.accumulate = DType::f16}), "sums in f16");
      expect_rejected(bench, bench.solved({.accumulate = DType::bf16}), "sums in bf16");
    }
    std::memset(out.data(), kPoison, 4);
    expect_rejected(bench, out, "does nothing");
    out = bench.solved();
    out[4] = std::byte{0};
    EXPECT_THAT(bench.check(out, options()).message, HasSubstr("behind the end"));
  }
  reject_stale("sum/TYPE/n1000");
}

// The benchmark's inputs tell a sum that keeps what additions lose from one that does not.
TEST(SumBound, OnlyAFoldedSumMeetsWhatFoldedSumsPromise) {
  for (const DType type : kDTypes) {
    Bench bench(with_dtype_name("sum/TYPE/n4194304", type));
    const Check folded = bench.check(bench.solved({.order = SumOrder::folded}), kFull);
    EXPECT_TRUE(folded.passed) << folded.message;
    for (const SumOrder order : {SumOrder::forward, SumOrder::lanes}) {
      const auto plain = bench.solved({.order = order});
      EXPECT_FALSE(bench.check(plain, kFull).passed) << name_of(type);
      EXPECT_TRUE(bench.check(plain, kFull, Summation::any_order).passed) << name_of(type);
    }
  }
}

TEST_P(BothModes, PeaksAreFoundAnywhere) {
  for (const char* kernel : {"max", "argmax"}) {
    Bench bench(name(fmt::format("{}/TYPE/n10000", kernel)));
    const Verifier verifier(bench.inputs(), options());
    const auto run = [&](const Plain& how) {
      return verify(bench.device(), bench.operands(), 0, bench.inputs(), verifier,
                    [&](const Problem& p) { solve(p, how); });
    };
    const Check good = run({});
    EXPECT_TRUE(good.passed) << good.message;
    EXPECT_FALSE(run({.ignored = 1}).passed) << kernel;
    EXPECT_THAT(run({.ignored = 1}).message, HasSubstr("planted at 9999"));
    EXPECT_FALSE(run({.ignored = 4096}).passed) << kernel;
    if (std::string(kernel) == "argmax") {
      EXPECT_FALSE(run({.last_of_equals = true}).passed);
    }
    const Check nothing = verify(bench.device(), bench.operands(), 0, bench.inputs(), verifier,
                                 [](const Problem&) {});
    EXPECT_FALSE(nothing.passed);
    // The inputs are as before.
    EXPECT_TRUE(run({}).passed);
    // The previous result, kept while the inputs change.
    bool first = true;
    std::int64_t kept = 0;
    const Check stale = verify(bench.device(), bench.operands(), 0, bench.inputs(), verifier,
                               [&](const Problem& p) {
                                 const auto& r = std::get<ReductionProblem>(p);
                                 const std::size_t size = r.op == ReductionOp::max ? 4 : 8;
                                 if (first) {
                                   solve(p, {});
                                   std::memcpy(&kept, r.result, size);
                                   first = false;
                                 }
                                 std::memcpy(r.result, &kept, size);
                               });
    EXPECT_FALSE(stale.passed);
  }
}

TEST(Verify, RunsTheDevicesOwnKernelOnAPoisonedOutput) {
  HostDevice device([](const Problem& p) { solve(p, {}); });
  const Inputs inputs(parse_case("gemm/f32/m9n9k9"), 1);
  Operands operands(device, inputs, 2);
  const Verifier verifier(inputs);
  EXPECT_TRUE(verify(device, operands, 1, inputs, verifier).passed);
  // Another implementation's result does not help one that writes nothing.
  EXPECT_FALSE(verify(device, operands, 0, inputs, verifier, [](const Problem&) {}).passed);
  // Timed buffers are checked as they are.
  EXPECT_TRUE(verifier.check(operands, 1).passed);
  EXPECT_FALSE(verifier.check(operands, 0).passed);
}

// Right for rows of the kinds that the inputs begin with, but not for others.
TEST(Verify, TriesTheKindsOfRowsThatAFewHaveNoRoomFor) {
  struct Trial {
    const char* name;
    float from;  // what is wrong if the first input is not in [from, to)
    float to;
  };
  for (const Trial& trial : {Trial{"softmax/f32/r1c300", 0, 1000},
                             {"softmax/bf16/r2c30", 50, 1000},
                             {"rmsnorm/f32/r1c300", -1, 1},
                             {"rmsnorm/f16/r3c300", -0.01f, 0.01f},
                             {"attention/f32/b1q1kv300h1hkv1d64", -1000, 1000}}) {
    HostDevice device;
    const Inputs inputs(parse_case(trial.name), 1);
    Operands operands(device, inputs);
    const Verifier verifier(inputs);
    const auto right = [](const Problem& p) { solve(p, {}); };
    const auto wrong = [&](const Problem& p) {
      const auto* rows = std::get_if<RowsProblem>(&p);
      solve(p, {.forget_maximum = rows == nullptr});
      if (rows == nullptr) return;
      with_dtype(rows->dtype, [&]<class T>(Type<T>) {
        const float first = to_float(static_cast<const T*>(rows->x)[0]);
        if (first < trial.from || first >= trial.to) std::memset(rows->y, 0, sizeof(T));
      });
    };
    const auto any = Summation::any_order;
    EXPECT_TRUE(verify_once(device, operands, 0, verifier, wrong, any).passed) << trial.name;
    const Check check = verify_other_kinds(device, operands, 0, inputs, right, any);
    EXPECT_TRUE(check.passed) << trial.name << ": " << check.message;
    EXPECT_FALSE(verify_other_kinds(device, operands, 0, inputs, wrong, any).passed) << trial.name;
    // The operands are as they were.
    EXPECT_TRUE(verify_once(device, operands, 0, verifier, right, any).passed) << trial.name;
  }
}

// Ours gives zeros for a row without a value; libraries may give what they like.
TEST(Verify, ASoftmaxOfMinusInfinityIsOursToGetRight) {
  HostDevice device;
  const Inputs inputs(parse_case("softmax/f32/r64c30"), 1);
  Operands operands(device, inputs);
  const auto plain = [](const Problem& p) { solve(p, {}); };  // 0 / 0
  EXPECT_TRUE(verify_other_kinds(device, operands, 0, inputs, plain, Summation::any_order).passed);
  EXPECT_FALSE(verify_other_kinds(device, operands, 0, inputs, plain, Summation::folded).passed);
}

// NaN between the numbers, or nothing but −∞.
TEST(Verify, AMaximumPassesOverWhatIsNoNumber) {
  for (const char* name : {"max/f32/n3000", "argmax/bf16/n3000"}) {
    HostDevice device;
    const Inputs inputs(parse_case(name), 1);
    Operands operands(device, inputs);
    const auto right = [](const Problem& p) { solve(p, {}); };
    Check check = verify_other_kinds(device, operands, 0, inputs, right, Summation::folded);
    EXPECT_TRUE(check.passed) << name << ": " << check.message;
    for (const bool of_nan : {true, false}) {
      const auto wrong = [&](const Problem& p) {
        solve(p, {});
        const auto& r = std::get<ReductionProblem>(p);
        bool found = false;
        for (std::int64_t i = 0; i < r.n; ++i) {
          const double x = reference::read(r.x, r.dtype, i);
          found = found || (of_nan ? std::isnan(x) : std::isinf(x));
        }
        if (found) std::memset(r.result, 1, 4);
      };
      check = verify_other_kinds(device, operands, 0, inputs, wrong, Summation::folded);
      EXPECT_FALSE(check.passed) << name;
      check = verify_other_kinds(device, operands, 0, inputs, wrong, Summation::any_order);
      EXPECT_TRUE(check.passed) << name;
    }
  }
}

// A result may be right that was computed from inputs which the kernel spoiled for the next one.
TEST(Verify, InputsMustNotBeWritten) {
  for (const char* name : {"softmax/f32/r3c30", "rmsnorm/bf16/r3c30"}) {
    Bench bench(name);
    const Verifier verifier(bench.inputs());
    const auto& rows = std::get<RowsProblem>(bench.problem());
    auto* last =
        static_cast<std::byte*>(const_cast<void*>(rows.weight != nullptr ? rows.weight : rows.x));
    last += 30 * size_of(rows.dtype) - 1;
    const Check check =
        verify_once(bench.device(), bench.operands(), 0, verifier, [&](const Problem& p) {
          solve(p, {});
          *last ^= std::byte{1};
        });
    EXPECT_FALSE(check.passed) << name;
    EXPECT_THAT(check.message, HasSubstr(rows.weight != nullptr ? "input weight" : "input x"));
    // For the next one they are as before.
    EXPECT_EQ(bench.operands().changed_input(bench.inputs().problem()), "");
    EXPECT_TRUE(verify_once(bench.device(), bench.operands(), 0, verifier, [](const Problem& p) {
                  solve(p, {});
                }).passed);
  }
}

TEST(Verify, ReportsTheWorstElement) {
  Bench bench("gemm/f32/m20n30k10");
  auto out = bench.solved();
  Check check = bench.check(out, kFull);
  EXPECT_TRUE(check.passed);
  EXPECT_EQ(check.elements, 600);
  EXPECT_EQ(check.checked, 600);
  EXPECT_FALSE(check.sampled);
  EXPECT_LE(check.error_over_bound, 1);
  reinterpret_cast<float*>(out.data())[7 * 30 + 11] += 1.0f;
  check = bench.check(out, kFull);
  EXPECT_FALSE(check.passed);
  const CheckedElement worst = check.worst.value_or(CheckedElement{});
  EXPECT_EQ(worst.where, "row 7, column 11");
  EXPECT_NEAR(worst.got - worst.want, 1, 1e-5);
  EXPECT_NEAR(check.error_over_bound, 1 / worst.bound, 1e-3 / worst.bound);
  EXPECT_THAT(check.message, HasSubstr("row 7, column 11: got"));
}

TEST(CheckExactly, ComparesBytesAndWhatLiesBehind) {
  const std::vector<std::byte> want{std::byte{1}, std::byte{2}, std::byte{3}};
  std::vector<std::byte> out = want;
  EXPECT_TRUE(check_exactly(out, want).passed);
  out.resize(10, std::byte{kPoison});
  const Check check = check_exactly(out, want);
  EXPECT_TRUE(check.passed);
  EXPECT_EQ(check.checked, 3);
  EXPECT_EQ(check.error_over_bound, 0);
  out[9] = std::byte{0};
  EXPECT_THAT(check_exactly(out, want).message, HasSubstr("byte 6 behind"));
  out[2] = std::byte{4};
  EXPECT_THAT(check_exactly(out, want).message, HasSubstr("byte 2 is 0x04, not 0x03"));
  EXPECT_FALSE(check_exactly(out, want).passed);
  out.resize(2);
  EXPECT_THAT(check_exactly(out, want).message, HasSubstr("2 bytes, not 3"));
}

TEST(Verify, AnOutputOfAnotherSizeIsRefused) {
  Bench bench("gemm/f32/m20n30k10");
  auto out = bench.solved();
  out.pop_back();
  EXPECT_THAT(bench.check(out, kFull).message, HasSubstr("2655 bytes, not 2400"));
}

TEST(Verify, RefusesProductsOfSeveralTypes) {
  EXPECT_THROW(Verifier(GemmProblem{.dtype_b = DType::f16}, Data::any), CaseError);
  EXPECT_THROW(Verifier(GemmProblem{.dtype_c = DType::f16}, Data::any), CaseError);
}

}  // namespace
}  // namespace moat
