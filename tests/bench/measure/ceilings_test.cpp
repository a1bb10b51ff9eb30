// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/ceilings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/cpu/device.hpp"
#include "problems/reference/gemm.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/scripted_scheduling.hpp"

namespace moat {
namespace {

// The first CPU device, or nothing where the processor lacks the build's instructions.
Device* cpu() {
  static const DeviceList list = list_cpu_devices();
  return list.devices.empty() ? nullptr : list.devices.front().get();
}

class CeilingKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (cpu() == nullptr) GTEST_SKIP() << "no CPU device";
  }

  static std::vector<float> ramp(std::size_t n) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 17) / 8 - 1;
    return x;
  }
};

TEST_F(CeilingKernels, ChainsOfFmas) {
  for (const int n : {1, 15, 1024, 5000}) {
    for (const int repeats : {1, 2, 301}) {
      const auto x = ramp(n);
      std::vector<float> y(n, NAN);
      cpu()->run(CeilingProblem{
          .kind = CeilingKind::fma, .n = n, .repeats = repeats, .x = x.data(), .y = y.data()});
      for (int i = 0; i < n; ++i) {
        double want = 0;
        for (int c = 0; c < kChains; ++c) {
          double value = x[i] + double(c);
          for (int r = 0; r < repeats; ++r) value = value * kChainFactor + kChainTerm;
          want += value;
        }
        ASSERT_NEAR(y[i], want, 1e-4) << n << " " << repeats << " " << i;
      }
    }
  }
}

TEST_F(CeilingKernels, ResidentProducts) {
  // More and fewer columns than a tile, and a depth of several steps.
  for (const auto& [m, n, k] : {std::array{1, 1, 1}, {70, 600, 300}, {1200, 1100, 17}}) {
    const auto a = ramp(std::size_t(m) * k);
    const auto b = ramp(std::size_t(k) * n);
    std::vector<float> c(std::size_t(m) * n, NAN);
    cpu()->run(CeilingProblem{.kind = CeilingKind::mma,
                              .n = n,
                              .m = m,
                              .k = k,
                              .repeats = 3,
                              .x = a.data(),
                              .w = b.data(),
                              .y = c.data()});
    const GemmProblem product{.m = m, .n = n, .k = k, .a = a.data(), .b = b.data()};
    const auto want = reference::gemm(product);
    for (std::size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], 3 * want[i].value, 1e-3) << i;
  }
}

TEST_F(CeilingKernels, ReadSumsTheVector) {
  for (const std::int64_t n : {1, 4095, 300005}) {
    std::vector<float> x(n);
    for (std::int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 5) - 1;
    float y = NAN;
    cpu()->run(CeilingProblem{.kind = CeilingKind::read, .n = n, .x = x.data(), .y = &y});
    EXPECT_EQ(y, std::accumulate(x.begin(), x.end(), 0.0f)) << n;
  }
}

TEST_F(CeilingKernels, CopyIsExact) {
  for (const std::int64_t n : {1, 33, 2 * kCeilingPart + 7}) {
    const auto x = ramp(n);
    std::vector<float> y(n, NAN);
    cpu()->run(CeilingProblem{.kind = CeilingKind::copy, .n = n, .x = x.data(), .y = y.data()});
    EXPECT_EQ(x, y);
  }
}

TEST_F(CeilingKernels, CountsFlopsAndBytes) {
  EXPECT_EQ(flops(CeilingProblem{.kind = CeilingKind::fma, .n = 10, .repeats = 5}),
            2.0 * 10 * kChains * 5);
  EXPECT_EQ(flops(CeilingProblem{.kind = CeilingKind::mma, .n = 3, .m = 2, .k = 4, .repeats = 5}),
            2.0 * 2 * 3 * 4 * 5);
  EXPECT_EQ(bytes(CeilingProblem{.kind = CeilingKind::copy, .n = 10}), 80);
  EXPECT_EQ(bytes(CeilingProblem{.kind = CeilingKind::read, .n = 10}), 44);
}

TEST_F(CeilingKernels, AreMeasuredOnThisMachine) {
  SteadyClock clock;
  // Too little memory for the arrays: the arithmetic is measured alone, and the rest is explained.
  const Ceilings c = measure_ceilings(*cpu(), clock, std::size_t{1} << 20);
  ASSERT_TRUE(c.flops_f32) << testing::PrintToString(c.missing);
  EXPECT_GT(*c.flops_f32, 1e8);
  EXPECT_FALSE(c.read_bytes);
  EXPECT_FALSE(c.copy_bytes);
  ASSERT_FALSE(c.missing.empty());
  EXPECT_NE(c.missing[0].find("read, copy"), std::string::npos);
  // Two configurations of FMAs and of each unit, and products of three types.
  const auto units = cpu()->units();
  const auto measured = std::ranges::count_if(units, [](const Unit& u) { return !!u.run; });
  EXPECT_EQ(c.runs.size(), 5U + 2 * static_cast<std::size_t>(measured))
      << testing::PrintToString(c.missing);
  for (const DType t : kDTypes) {
    const bool lacks = std::ranges::any_of(units, [&](const Unit& u) {
      return !u.run && u.reachable && (u.type == t || u.type == DType::f32);
    });
    ASSERT_EQ(c.flops(t).has_value(), !lacks) << name_of(t) << ": " << c.why_no_flops(t);
    if (!lacks) {
      EXPECT_GE(*c.flops(t), *c.flops_f32) << name_of(t);
    }
  }
  for (const CeilingRun& run : c.runs) EXPECT_FALSE(run.measurement.samples.empty()) << run.name;
}

TEST_F(CeilingKernels, DisturbedSamplesGiveNoCeiling) {
  SteadyClock clock;
  ScriptedScheduling source;
  source.step = 1;
  const Ceilings c = measure_ceilings(*cpu(), clock, std::size_t{1} << 20, nullptr, &source);
  EXPECT_FALSE(c.flops_f32);
  EXPECT_FALSE(c.flops_f16);
  EXPECT_TRUE(c.runs.empty());
  EXPECT_TRUE(std::ranges::any_of(c.missing, [](const std::string& reason) {
    return reason.starts_with("fma/512: disturbed: ") &&
           reason.ends_with(" were set aside, 4 times");
  })) << testing::PrintToString(c.missing);
  EXPECT_NE(std::ranges::find(c.disturbed, "f32"), c.disturbed.end());
  EXPECT_EQ(std::ranges::find(c.disturbed, "read"), c.disturbed.end()) << "there was no memory";
}

// A measurement that the user stopped is neither wrong nor slow.
TEST_F(CeilingKernels, AnInterruptionIsSaidToBeOne) {
  SteadyClock clock;
  const std::atomic<bool> stop{true};
  const Ceilings c = measure_ceilings(*cpu(), clock, std::size_t{4} << 30, &stop);
  EXPECT_TRUE(c.runs.empty());
  EXPECT_TRUE(c.disturbed.empty());
  for (const std::string& reason : c.missing) {
    EXPECT_TRUE(reason.starts_with("unit/")) << reason;
  }
  for (const char* kernel : {"fma/512", "mma/f32", "read", "copy"}) {
    EXPECT_NE(std::ranges::find(c.interrupted, kernel), c.interrupted.end()) << kernel;
  }
  EXPECT_EQ(c.why_no_bytes(CeilingKind::read), "interrupted");
  EXPECT_EQ(c.why_no_bytes(CeilingKind::copy), "interrupted");
  EXPECT_TRUE(c.why_no_flops(DType::f32).ends_with("interrupted")) << c.why_no_flops(DType::f32);
}

TEST(EnterTraffic, RaisesAndNeverLowers) {
  Ceilings c;
  c.read_bytes = 100;
  c.copy_bytes = 100;
  const auto enter = [&](CeilingKind kind, double bytes, std::vector<double> samples) {
    Measurement m;
    m.samples = std::move(samples);
    enter_traffic(c, kind, bytes, m);
  };
  enter(CeilingKind::read, 99, {1, 1, 1});
  enter(CeilingKind::read, 500, {});
  enter(CeilingKind::read, 500, {0, 0});
  EXPECT_EQ(c.read_bytes, 100);
  EXPECT_TRUE(c.runs.empty());
  // The best tenth of the samples, as of every ceiling.
  enter(CeilingKind::read, 220, {2, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9});
  EXPECT_EQ(c.read_bytes, 110);
  EXPECT_EQ(c.copy_bytes, 100);
  enter(CeilingKind::copy, 300, {2});
  EXPECT_EQ(c.copy_bytes, 150);
  EXPECT_EQ(c.runs.size(), 2U);
  // What was not measured stays away: no ceiling is made of a yardstick alone.
  c.copy_bytes.reset();
  enter(CeilingKind::copy, 300, {1});
  EXPECT_FALSE(c.copy_bytes);
}

// H200, H20, A100, MI300X, MI210, RX 7900 XTX, L40S, and CPUs.
TEST(MeasureCeilings, ProductsAreWholeWaves) {
  for (const int units : {132, 78, 108, 304, 104, 96, 142, 127, 1, 2, 3, 4, 64}) {
    const ProductShape shape = ceiling_product(units);
    SCOPED_TRACE(testing::Message() << units << " units: " << shape.rows << " x " << shape.cols);
    for (const auto& [rows, cols] : {std::pair{256, 256}, {128, 256}, {128, 128}, {64, 64}}) {
      const int tiles = shape.rows / rows * (shape.cols / cols);
      EXPECT_EQ(shape.rows % rows + shape.cols % cols, 0);
      EXPECT_EQ(tiles % units, 0) << rows << " x " << cols;
      // Two blocks on each unit.
      if (rows * cols < 256 * 256) {
        EXPECT_EQ(tiles % (2 * units), 0) << rows << " x " << cols;
      }
    }
    const int waves = shape.rows / 256 * (shape.cols / 256) / units;
    EXPECT_TRUE(waves >= 2 && waves <= 4) << waves;
    EXPECT_LE(shape.rows, shape.cols);
    // Primes have no better shape.
    if (units != 142 && units != 127) {
      EXPECT_LT(shape.cols, 2 * shape.rows);
    }
  }
}

TEST(MeasureCeilings, ProductsHaveTheShapeForTheDevice) {
  FakeClock clock;
  FakeDevice device(clock);
  device.info_.compute_units = 6;
  const ProductShape shape = ceiling_product(6);
  int products = 0;
  device.duration = [&](const Problem& problem) {
    const auto& p = std::get<CeilingProblem>(problem);
    if (p.kind == CeilingKind::mma) {
      EXPECT_EQ(p.m, shape.rows);
      EXPECT_EQ(p.n, shape.cols);
      ++products;
    }
    return 1e-3;
  };
  measure_ceilings(device, clock, std::size_t{1} << 20);
  EXPECT_GT(products, 0);
}

// A device that computes nothing leaves the poisoned results, and has no ceilings.
TEST(MeasureCeilings, WrongResultsGiveNoCeiling) {
  FakeClock clock;
  FakeDevice device(clock);
  device.info_.compute_units = 1;
  const Ceilings c = measure_ceilings(device, clock, std::size_t{1} << 30);
  EXPECT_FALSE(c.flops_f32);
  EXPECT_FALSE(c.flops_f16);
  EXPECT_FALSE(c.flops_bf16);
  EXPECT_FALSE(c.read_bytes);
  EXPECT_FALSE(c.copy_bytes);
  EXPECT_TRUE(c.runs.empty());
  EXPECT_EQ(c.missing.size(), 7U);
  for (const std::string& reason : c.missing) {
    EXPECT_NE(reason.find("checked before the timing"), std::string::npos) << reason;
  }
}

// A device whose kernels compute nothing, and that has units: of 2 × 3 sums of `k` products, which
// `spoil` may change.
class UnitDevice : public FakeDevice {
 public:
  explicit UnitDevice(FakeClock& clock) : FakeDevice(clock) {
    info_.compute_units = 2;
    // FMAs at 1 GFLOP/s, so that there is something to be faster than.
    duration = [](const Problem& p) {
      const auto* c = std::get_if<CeilingProblem>(&p);
      if (c == nullptr || c->kind != CeilingKind::fma) return 1e-3;
      const double factor = std::pow(double{kChainFactor}, c->repeats);
      const double shift = kChainTerm * (1 - factor) / (1 - double{kChainFactor});
      for (std::int64_t i = 0; i < c->n; ++i) {
        double sum = 0;
        for (int chain = 0; chain < kChains; ++chain) {
          sum += factor * (static_cast<const float*>(c->x)[i] + chain) + shift;
        }
        static_cast<float*>(c->y)[i] = static_cast<float>(sum);
      }
      return flops(*c) / 1e9;
    };
  }

  std::vector<Unit> units() override { return units_; }

  // A unit that does `rate` operations a second.
  template <class T>
  Unit unit(std::string name, std::optional<DType> type, double rate) {
    Unit u{.name = std::move(name),
           .type = type,
           .m = 2,
           .n = 3,
           .k = 4,
           .steps_per_round = 64,
           .threads = 2,
           .largest_sum = 0x1p11,
           .steps_per_sum = 32};
    u.run = [this, u, rate](const UnitCall& call) {
      const auto number = [](const T& x) -> double {
        if constexpr (std::is_integral_v<T>) {
          return x;
        } else {
          return to_float(x);
        }
      };
      for (int i = 0; i < u.threads * u.m * u.n; ++i) {
        const int at = i % (u.m * u.n);
        double sum = 0;
        for (int j = 0; j < u.k; ++j) {
          sum += number(static_cast<const T*>(call.a)[at / u.n * u.k + j]) *
                 number(static_cast<const T*>(call.b)[j * u.n + at % u.n]);
        }
        EXPECT_LE(std::abs(sum) * u.steps_per_sum, u.largest_sum);
        call.c[i] = sum * u.steps_per_round * static_cast<double>(call.rounds);
      }
      spoil(call);
      const double seconds = u.operations(call.rounds) / rate;
      duration_of_unit(seconds);
    };
    return u;
  }

  std::vector<Unit> units_;
  std::function<void(const UnitCall&)> spoil = [](const UnitCall&) {};

 private:
  // Time passes on both clocks, as in a call of a kernel.
  void duration_of_unit(double seconds) {
    const auto kernels = std::exchange(duration, [seconds](const Problem&) { return seconds; });
    run(ReductionProblem{});
    duration = kernels;
  }
};

class UnitCeilings : public testing::Test {
 protected:
  Ceilings measured() { return measure_ceilings(device_, clock_, 0); }

  FakeClock clock_;
  UnitDevice device_{clock_};
};

TEST_F(UnitCeilings, ATypeHasTheBestOfFmasAndItsUnits) {
  device_.units_ = {device_.unit<bf16>("fast", DType::bf16, 8e9),
                    device_.unit<bf16>("slow", DType::bf16, 2e9),
                    device_.unit<f16>("slower", DType::f16, 0.5e9),
                    device_.unit<std::int8_t>("bytes", std::nullopt, 16e9)};
  const Ceilings c = measured();
  ASSERT_TRUE(c.flops_f32 && c.flops_bf16 && c.flops_f16 && c.ops_int8)
      << testing::PrintToString(c.missing);
  EXPECT_NEAR(*c.flops_f32, 1e9, 1e6);
  EXPECT_NEAR(*c.flops_bf16, 8e9, 1e6);
  EXPECT_NEAR(*c.flops_f16, 1e9, 1e6);
  EXPECT_NEAR(*c.ops_int8, 16e9, 1e6);
  EXPECT_EQ(std::ranges::count_if(
                c.runs, [](const CeilingRun& r) { return r.name.starts_with("unit/bf16/fast/"); }),
            2);
}

TEST_F(UnitCeilings, OnlyThoseThatAreNeededAreMeasured) {
  device_.units_ = {device_.unit<bf16>("fast", DType::bf16, 8e9),
                    device_.unit<f16>("slow", DType::f16, 2e9),
                    device_.unit<std::int8_t>("bytes", std::nullopt, 16e9)};
  const Problem product = GemmProblem{.dtype = DType::bf16, .m = 64, .n = 64, .k = 64};
  const Ceilings c = measure_ceilings(device_, clock_, std::size_t{4} << 30, nullptr, nullptr,
                                      ceilings_needed({product}, false));
  EXPECT_TRUE(c.flops_f32 && c.flops_bf16) << testing::PrintToString(c.missing);
  EXPECT_EQ(c.why_no_flops(DType::f16), kNotNeeded);
  EXPECT_EQ(c.why_no_bytes(CeilingKind::read), "read: " + std::string(kNotNeeded));
  EXPECT_NE(c.why_no_int8().find(kNotNeeded), std::string::npos) << c.why_no_int8();
  for (const CeilingRun& run : c.runs) {
    EXPECT_EQ(run.name.find("f16", run.name.find('/') + 1) == std::string::npos,
              run.name.find("bf16") == std::string::npos)
        << run.name;
    EXPECT_FALSE(run.name.starts_with("read") || run.name.starts_with("copy")) << run.name;
  }
  // Beside a case that needed less, what the run lacks keeps its own reason.
  Ceilings whole;
  whole.missing = {"mma/f16: wrong"};
  EXPECT_TRUE(best_of(whole, c).why_no_flops(DType::f16).starts_with("mma/f16: wrong"));
}

TEST(CeilingNeeds, AreThoseOfTheProblems) {
  const auto needs = [](const Problem& problem, bool cold) {
    return ceilings_needed({problem}, cold);
  };
  const CeilingNeeds sum = needs(ReductionProblem{.dtype = DType::f16, .n = 1000}, true);
  EXPECT_EQ(sum.types, std::vector{DType::f16});
  EXPECT_TRUE(sum.read);
  EXPECT_FALSE(sum.copy || sum.int8);
  const CeilingNeeds rows = needs(RowsProblem{.rows = 64, .cols = 1024}, true);
  EXPECT_TRUE(rows.copy);
  EXPECT_FALSE(rows.read);
  EXPECT_FALSE(needs(ReductionProblem{.n = 1000}, false).read) << "in the cache";
  EXPECT_TRUE(ceilings_needed({ReductionProblem{.dtype = DType::f16, .n = 9},
                               ReductionProblem{.dtype = DType::bf16, .n = 9},
                               ReductionProblem{.dtype = DType::f32, .n = 9}},
                              true)
                  .int8);
}

TEST_F(UnitCeilings, AWiderFmaCountsForAllTypes) {
  device_.units_ = {device_.unit<float>("wide", DType::f32, 2e9)};
  const Ceilings c = measured();
  for (const DType t : kDTypes) EXPECT_NEAR(c.flops(t).value_or(0), 2e9, 1e6) << name_of(t);
  EXPECT_FALSE(c.ops_int8);
  EXPECT_EQ(c.why_no_int8(), "the device has no such unit that is measured");
}

// One step of thousands, in one lane of one thread.
TEST_F(UnitCeilings, ALoopThatDoesTooLittleGivesNoCeiling) {
  device_.units_ = {device_.unit<bf16>("short", DType::bf16, 8e9)};
  for (const int at : {0, 5, 6, 11}) {
    device_.spoil = [at](const UnitCall& call) {
      call.c[at] *= 1 - 1 / (64.0 * static_cast<double>(call.rounds));
    };
    const Ceilings c = measured();
    EXPECT_FALSE(c.flops_bf16) << at;
    EXPECT_NE(c.why_no_flops(DType::bf16).find("unit/bf16/short/"), std::string::npos)
        << c.why_no_flops(DType::bf16);
    EXPECT_TRUE(c.flops_f16) << at;
  }
}

TEST_F(UnitCeilings, OneThatIsInterruptedGivesNoCeiling) {
  std::atomic<bool> stop{false};
  int calls = 0;
  device_.units_ = {device_.unit<bf16>("fast", DType::bf16, 8e9)};
  device_.spoil = [&](const UnitCall&) { stop = stop || ++calls == 6; };
  const Ceilings c = measure_ceilings(device_, clock_, 0, &stop);
  EXPECT_FALSE(c.flops_bf16) << "of few samples";
  EXPECT_TRUE(c.why_no_flops(DType::bf16).ends_with("; interrupted"))
      << c.why_no_flops(DType::bf16);
  EXPECT_TRUE(c.flops_f16) << "measured before";
  EXPECT_EQ(c.why_no_bytes(CeilingKind::read), "interrupted");
}

TEST_F(UnitCeilings, OneThatCannotBeMeasuredLeavesItsTypeWithoutACeiling) {
  Unit unknown{.name = "unknown", .type = DType::bf16, .missing = "this compiler is too old"};
  device_.units_ = {unknown};
  Ceilings c = measured();
  EXPECT_FALSE(c.flops_bf16);
  EXPECT_NE(c.why_no_flops(DType::bf16).find("unit/bf16/unknown: this compiler is too old"),
            std::string::npos);
  EXPECT_TRUE(c.flops_f16);
  // Nobody can use what the system bars.
  device_.units_[0].reachable = false;
  c = measured();
  EXPECT_TRUE(c.flops_bf16);
  EXPECT_NE(std::ranges::find(c.missing, "unit/bf16/unknown: this compiler is too old"),
            c.missing.end());
  device_.units_ = {{.name = "bytes", .missing = "no"}};
  EXPECT_EQ(measured().why_no_int8(), "unit/int8/bytes: no");
}

TEST(Ceilings, EachHasItsOwnReasons) {
  Ceilings c;
  EXPECT_EQ(c.why_no_bytes(CeilingKind::read), "not measured");
  c.missing = {"bf16: no such unit", "read, copy: too little memory", "copy/streams: disturbed"};
  EXPECT_EQ(c.why_no_bytes(CeilingKind::read), "read, copy: too little memory");
  EXPECT_EQ(c.why_no_bytes(CeilingKind::copy),
            "read, copy: too little memory; copy/streams: disturbed");
  c.missing = {"stopped"};
  EXPECT_EQ(c.why_no_bytes(CeilingKind::copy), "stopped");
  c.missing = {"fma/512: disturbed: a", "mma/bf16: disturbed: b", "read: disturbed: c",
               "bf16: the processor has AMX"};
  EXPECT_EQ(c.why_no_flops(DType::f32), "fma/512: disturbed: a");
  EXPECT_EQ(c.why_no_flops(DType::bf16), "the processor has AMX");
  c.missing.pop_back();
  EXPECT_EQ(c.why_no_flops(DType::bf16), "fma/512: disturbed: a; mma/bf16: disturbed: b");
}

TEST(BestOf, TakesTheHigherRates) {
  Ceilings a;
  a.flops_f32 = 10;
  a.read_bytes = 5;
  a.missing = {"copy: no"};
  Ceilings b;
  b.flops_f32 = 8;
  b.read_bytes = 6;
  b.copy_bytes = 7;
  b.missing = {"copy: no", "more"};
  const Ceilings c = best_of(a, b);
  EXPECT_EQ(c.flops_f32, 10);
  EXPECT_EQ(c.read_bytes, 6);
  EXPECT_EQ(c.copy_bytes, 7);
  EXPECT_FALSE(c.flops_bf16);
  EXPECT_EQ(c.missing, (std::vector<std::string>{"copy: no", "more"}));
}

TEST(BestOf, KnowsWhatIsStillDisturbed) {
  Ceilings a;
  a.missing = {"read: disturbed: 9 of 9", "copy: disturbed: 3 of 3", "copy/memcpy: wrong"};
  a.disturbed = {"read", "copy"};
  Ceilings b;
  b.read_bytes = 5;
  b.missing = {"copy: disturbed: 4 of 4", "fma/512: disturbed: 2 of 2"};
  b.disturbed = {"copy", "f32"};
  const Ceilings c = best_of(a, b);
  EXPECT_EQ(c.why_no_bytes(CeilingKind::copy), "copy/memcpy: wrong; copy: disturbed: 4 of 4");
  EXPECT_EQ(c.disturbed, (std::vector<std::string>{"copy", "f32"}));
  Ceilings calm;
  calm.flops_f32 = calm.copy_bytes = 1;
  EXPECT_TRUE(best_of(c, calm).disturbed.empty());
  EXPECT_TRUE(best_of(calm, c).disturbed.empty());
}

// 1000 FLOP/s, 100 bytes/s read, 50 bytes/s copied.
Ceilings round_ceilings() {
  Ceilings c;
  c.flops_f32 = 1000;
  c.read_bytes = 100;
  c.copy_bytes = 50;
  return c;
}

TEST(Roofline, ComputeBindsLargeProducts) {
  const GemmProblem p{.m = 1000, .n = 1000, .k = 1000};
  const auto r = roofline(p, 4e6, round_ceilings(), true);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->bound, Bound::compute);
  EXPECT_DOUBLE_EQ(r->floor_seconds, 2e6);
  EXPECT_DOUBLE_EQ(r->share, 0.5);
  EXPECT_FALSE(r->suspect);
}

TEST(Roofline, ReadsBindReductions) {
  const ReductionProblem p{.n = 99};  // 396 bytes and a result of 4
  const auto r = roofline(p, 8, round_ceilings(), true);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->bound, Bound::memory);
  EXPECT_DOUBLE_EQ(r->floor_seconds, 4);
  EXPECT_DOUBLE_EQ(r->share, 0.5);
}

TEST(Roofline, WhatIsWrittenGoesAtTheRateOfCopies) {
  const RowsProblem softmax{.op = RowsOp::softmax, .rows = 10, .cols = 10};  // 400 in, 400 out
  EXPECT_DOUBLE_EQ(roofline(softmax, 100, round_ceilings(), true)->floor_seconds, 16);
  const GemmProblem product{.m = 1, .n = 100, .k = 1};  // 404 in, 400 out, 200 FLOP
  EXPECT_DOUBLE_EQ(roofline(product, 100, round_ceilings(), true)->floor_seconds,
                   800 / 50.0 + 4 / 100.0);
}

TEST(Roofline, HotOperandsHaveNoMemoryCeiling) {
  const ReductionProblem p{.n = 100};
  const auto r = roofline(p, 1, round_ceilings(), false);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->bound, Bound::compute);
}

TEST(Roofline, SuspectsWhatIsFasterThanTheCeiling) {
  const GemmProblem p{.m = 1000, .n = 1000, .k = 1000};
  EXPECT_FALSE(roofline(p, 2e6 / 1.04, round_ceilings(), true)->suspect);
  EXPECT_TRUE(roofline(p, 2e6 / 1.06, round_ceilings(), true)->suspect);
}

TEST(CountsFlops, IsAPropertyOfTheProblem) {
  EXPECT_TRUE(counts_flops(GemmProblem{.m = 2, .n = 9, .k = 9}));
  EXPECT_FALSE(counts_flops(GemmProblem{.m = 1, .n = 9, .k = 9}));
  EXPECT_FALSE(counts_flops(GemmProblem{.m = 9, .n = 1, .k = 9}));
  EXPECT_FALSE(counts_flops(WeightGemmProblem{.m = 1, .n = 9, .k = 32}));
  EXPECT_FALSE(counts_flops(ScaledGemmProblem{.m = 1, .n = 9, .k = 9}));
  EXPECT_TRUE(counts_flops(AttentionProblem{.q_len = 2, .kv_len = 9}));
  EXPECT_FALSE(counts_flops(AttentionProblem{.q_len = 1, .kv_len = 9}));
  EXPECT_FALSE(counts_flops(ReductionProblem{.n = 9}));
  EXPECT_FALSE(counts_flops(RowsProblem{.op = RowsOp::softmax, .rows = 9, .cols = 9}));
}

// A processor whose units for bf16 no ceiling kernel uses.
TEST(Roofline, MemoryDoesNotBindForWantOfAnotherCeiling) {
  Ceilings c = round_ceilings();
  c.missing = {"f16: no f16 unit", "bf16: the processor has AMX"};
  const GemmProblem product{.dtype = DType::bf16, .m = 1000, .n = 1000, .k = 1000};
  EXPECT_FALSE(roofline(product, 1e7, c, true));
  EXPECT_EQ(why_no_roofline(product, c, true), "no bf16 compute ceiling: the processor has AMX");
  const AttentionProblem attention{.dtype = DType::bf16, .q_len = 512, .kv_len = 512};
  EXPECT_FALSE(roofline(attention, 1e9, c, true));
  // Too fast for the memory is too fast, whatever binds.
  const auto suspect = roofline(product, 1, c, true);
  ASSERT_TRUE(suspect);
  EXPECT_TRUE(suspect->suspect);
  EXPECT_EQ(suspect->bound, Bound::memory);
}

TEST(Roofline, MemoryBindsWhereF32sArithmeticWouldNot) {
  Ceilings c = round_ceilings();
  // 2 FLOP and more than 2 bytes per element of B; memory reads 100 bytes/s, f32 does 1000 FLOP/s.
  const GemmProblem vector{.dtype = DType::bf16, .m = 1, .n = 100, .k = 100};
  const auto r = roofline(vector, 1000, c, true);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->bound, Bound::memory);
  EXPECT_TRUE(roofline(ReductionProblem{.dtype = DType::bf16, .n = 100}, 10, c, true));
  c.flops_f32.reset();
  EXPECT_FALSE(roofline(vector, 1000, c, true)) << "nothing is known of the arithmetic";
  EXPECT_TRUE(roofline(ReductionProblem{.dtype = DType::bf16, .n = 100}, 10, c, true))
      << "a reduction does one operation per element";
}

TEST(Roofline, ArithmeticDoesNotBindForWantOfAMemoryCeiling) {
  Ceilings c = round_ceilings();
  c.read_bytes.reset();
  c.missing = {"read, copy: too little memory"};
  const ReductionProblem sum{.n = 100};
  EXPECT_FALSE(roofline(sum, 1, c, true));
  EXPECT_EQ(why_no_roofline(sum, c, true), "no memory ceiling: read, copy: too little memory");
  EXPECT_TRUE(roofline(sum, 1, c, false)) << "in the cache memory has no say";
}

TEST(Roofline, NeedsOnlyTheCeilingsOfItsTraffic) {
  Ceilings c = round_ceilings();
  c.flops_f32.reset();
  c.missing = {"fma/512: disturbed", "read: disturbed: waits"};
  const RowsProblem softmax{.op = RowsOp::softmax, .rows = 10, .cols = 100};
  const RowsProblem norm{.op = RowsOp::rms_norm, .rows = 200, .cols = 100};
  const ReductionProblem sum{.n = 100};
  c.read_bytes.reset();
  ASSERT_TRUE(roofline(softmax, 1000, c, true));
  EXPECT_DOUBLE_EQ(roofline(softmax, 1000, c, true)->floor_seconds, 8000 / 50.0);
  EXPECT_TRUE(roofline(norm, 1e5, c, true)) << "its weights are 1 of 401 parts";
  EXPECT_FALSE(roofline(sum, 1000, c, true));
  EXPECT_EQ(why_no_roofline(sum, c, true), "no memory ceiling: read: disturbed: waits");
  std::swap(c.read_bytes, c.copy_bytes);
  c.missing.back() = "copy: disturbed: waits";
  EXPECT_TRUE(roofline(sum, 1000, c, true));
  EXPECT_FALSE(roofline(softmax, 1000, c, true));
  EXPECT_EQ(why_no_roofline(softmax, c, true), "no memory ceiling: copy: disturbed: waits")
      << "not the arithmetic's, which does not bind";
}

TEST(Roofline, IsEmptyWithoutACeilingThatBinds) {
  EXPECT_FALSE(roofline(GemmProblem{}, 1, Ceilings{}, true));
  EXPECT_FALSE(roofline(GemmProblem{.dtype = DType::bf16}, 1, round_ceilings(), false));
}

}  // namespace
}  // namespace moat
