// SPDX-License-Identifier: Apache-2.0
#include "problems/quantise.hpp"

#include <cmath>
#include <limits>

#include "problems/reference/quantise.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class QuantiseTest : public KernelTest {
 protected:
  using Bytes = std::vector<std::uint8_t>;

  struct Result {
    QuantiseProblem p;
    Bytes codes;
    Bytes scales;

    double scale(std::int64_t row, int col) const {
      const std::int64_t i =
          (p.per_block ? row / kPerScale : row) * ceil_div(p.cols, kPerScale) + col / kPerScale;
      if (p.ue8m0) return decode(e8m0{scales[i]});
      return reference::read(scales.data(), DType::f32, i);
    }
    unsigned code(std::int64_t row, int col) const { return codes[row * p.cols + col]; }
  };

  Result solve(QuantiseProblem p, const HostArray& x) {
    p.dtype = dtype();
    Result r{p, Bytes(x.count(), 0xaa), {}};
    const int down = p.per_block ? ceil_div(p.rows, kPerScale) : p.rows;
    r.scales.resize(std::size_t{1} * down * ceil_div(p.cols, kPerScale) * (p.ue8m0 ? 1 : 4), 0xaa);
    r.p.x = x.data();
    r.p.codes = r.codes.data();
    r.p.scales = r.scales.data();
    run_on<QuantiseProblem>(
        device(), r.p, {{&QuantiseProblem::x, x.size()}},
        {{&QuantiseProblem::codes, r.codes.size()}, {&QuantiseProblem::scales, r.scales.size()}});
    return r;
  }

  template <class C>
  void check(Type<C>, const QuantiseProblem& p, const HostArray& x) {
    SCOPED_TRACE(::testing::Message()
                 << name_of(p.code) << ' ' << p.rows << " x " << p.cols << (p.ue8m0 ? " ue8m0" : "")
                 << (p.per_block ? " perblock" : ""));
    const Result r = solve(p, x);
    const int down = p.per_block ? kPerScale : 1;
    int wrong = 0;
    for (int row = 0; row < p.rows; ++row) {
      for (int col = 0; col < p.cols; ++col) {
        const std::int64_t at = std::int64_t{row} * p.cols + col;
        if (row % down == 0 && col % kPerScale == 0) {
          double amax = 0;
          for (int i = row; i < std::min(row + down, p.rows); ++i) {
            for (int j = col; j < std::min(col + kPerScale, p.cols); ++j) {
              amax = std::max(amax, std::abs(x[std::int64_t{i} * p.cols + j]));
            }
          }
          const double want = reference::exact_scale(amax, p.code);
          if (p.ue8m0) {
            EXPECT_EQ(r.scale(row, col), std::ldexp(1.0, reference::exact_e8m0(want) - 127));
          } else {
            EXPECT_NEAR(r.scale(row, col), want, want * reference::kScaleError);
          }
        }
        const double scale = r.scale(row, col);
        const double error = reference::quotient_error(scale);
        const C code{static_cast<std::uint8_t>(r.code(row, col))};
        wrong += reference::is_nearest(code, x[at] / scale, error) ? 0 : 1;
      }
    }
    EXPECT_EQ(wrong, 0);
  }

  void check(int rows, int cols) {
    const HostArray x = random_array(dtype(), std::int64_t{rows} * cols, 1, 8);
    for (const bool ue8m0 : {false, true}) {
      for (const bool per_block : {false, true}) {
        const QuantiseProblem p{.rows = rows, .cols = cols, .ue8m0 = ue8m0, .per_block = per_block};
        check(Type<e4m3>{}, p, x);
      }
    }
    check(Type<e4m3fnuz>{}, {.code = Code::e4m3fnuz, .rows = rows, .cols = cols}, x);
  }
};

TEST_P(QuantiseTest, EveryShortLength) {
  for (int cols = 1; cols <= 150; ++cols) check(3, cols);
}

TEST_P(QuantiseTest, LongAndPrimeRows) {
  for (const auto& [rows, cols] : {std::pair{1, 8192}, {5, 4093}, {257, 509}, {130, 1280}}) {
    check(rows, cols);
  }
  check(2, 131071);
}

// A launch whose results bypass the caches.
TEST_P(QuantiseTest, ManyElements) { check(600, 4096); }

// Every code, what lies halfway between neighbours, and what does so but for the last digit.
TEST_P(QuantiseTest, EveryBoundaryOfCodes) {
  const auto check_boundaries = [&]<class C>(Type<C> type, Code code) {
    std::vector<float> all;
    for (unsigned bits = 0; bits + 1 < (C::kFnuz ? 0x80u : 0x7fu); ++bits) {
      const float here = decode(C{static_cast<std::uint8_t>(bits)});
      const float half = (here + decode(C{static_cast<std::uint8_t>(bits + 1)})) / 2;
      const float least = std::ldexp(1.0f, std::ilogb(half) + 1 - traits(dtype()).digits);
      for (const float x : {here, half, half - least, half + least}) {
        all.push_back(x * 0x1p-2f);
        all.push_back(-x * 0x1p-2f);
      }
    }
    const int rows = ceil_div(static_cast<int>(all.size()), kPerScale - 1);
    const HostArray x(dtype(), std::int64_t{rows} * kPerScale, [&](std::int64_t i) {
      if (i % kPerScale == 0) return kLargest<C> * 0x1p-2f;
      return all[(i - i / kPerScale - 1) % all.size()];
    });
    for (const bool ue8m0 : {false, true}) {
      const QuantiseProblem p{.code = code, .rows = rows, .cols = kPerScale, .ue8m0 = ue8m0};
      check(type, p, x);
      EXPECT_EQ(solve(p, x).scale(0, 0), 0.25);
    }
  };
  check_boundaries(Type<e4m3>{}, Code::e4m3);
  check_boundaries(Type<e4m3fnuz>{}, Code::e4m3fnuz);
}

TEST_P(QuantiseTest, ScalesOfPowersOfTwoAreRoundedUp) {
  const float more = 1 + std::ldexp(1.0f, 1 - traits(dtype()).digits);
  const auto scale = [&](Code code, float amax) {
    const HostArray x(dtype(), 5, [&](std::int64_t i) { return i == 3 ? -amax : 0.0f; });
    return solve({.code = code, .cols = 5, .ue8m0 = true}, x).scale(0, 0);
  };
  for (const float power : {0x1p-3f, 1.0f, 0x1p3f}) {
    EXPECT_EQ(scale(Code::e4m3, 448 * power), power);
    EXPECT_EQ(scale(Code::e4m3, 448 * power * more), 2 * power);
    EXPECT_EQ(scale(Code::e4m3, 225 * power), power);
    EXPECT_EQ(scale(Code::e4m3, 224 * power), power / 2);
    EXPECT_EQ(scale(Code::e4m3fnuz, 240 * power), power);
    EXPECT_EQ(scale(Code::e4m3fnuz, 240 * power * more), 2 * power);
  }
}

TEST_P(QuantiseTest, ZerosAndSmallNumbersHaveTheLeastScale) {
  for (const float size : {0.0f, 0x1p-30f, 0x1p-20f, 0x1p-14f}) {
    const HostArray x(dtype(), 300, [&](std::int64_t i) { return i % 2 == 0 ? size : -size; });
    const Result f32 = solve({.cols = 300}, x);
    const Result ue8m0 = solve({.cols = 300, .ue8m0 = true}, x);
    for (const int col : {0, 128, 299}) {
      EXPECT_NEAR(f32.scale(0, col), 1e-4 / 448, 1e-13);
      EXPECT_EQ(ue8m0.scale(0, col), 0x1p-22);
      EXPECT_EQ(decode(e4m3{f32.codes[col]}),
                decode(reference::nearest_code<e4m3>(x[col] / f32.scale(0, col))));
    }
  }
}

TEST_P(QuantiseTest, NaNIsLeftOutOfScales) {
  const HostArray x(dtype(), 256, [](std::int64_t i) {
    return i == 7 || i > 128 ? std::nanf("") : i == 128 ? -0.5f : 224.0f;
  });
  const Result r = solve({.cols = 256}, x);
  EXPECT_EQ(r.scale(0, 0), 0.5);
  EXPECT_EQ(r.code(0, 6), 0x7eu);
  EXPECT_EQ(r.code(0, 7), 0x7fu);
  EXPECT_EQ(r.code(0, 128), 0xfeu);
  EXPECT_EQ(r.code(0, 200), 0x7fu);
  EXPECT_EQ(solve({.code = Code::e4m3fnuz, .cols = 256}, x).code(0, 7), 0x80u);
}

TEST_P(QuantiseTest, InfinityMakesTheLargestScale) {
  const HostArray x(dtype(), 128, [](std::int64_t i) {
    return i == 7 ? kInfinity : i == 9 ? -kInfinity : -3.0f;
  });
  const Result f32 = solve({.cols = 128}, x);
  EXPECT_EQ(f32.scale(0, 0), kInfinity);
  EXPECT_EQ(f32.code(0, 7) & 0x7fu, 0x7fu);
  EXPECT_EQ(f32.code(0, 8) & 0x7fu, 0u);
  const Result ue8m0 = solve({.cols = 128, .ue8m0 = true}, x);
  EXPECT_EQ(ue8m0.scale(0, 0), 0x1p127);
  EXPECT_EQ(ue8m0.code(0, 7), 0x7eu);
  EXPECT_EQ(ue8m0.code(0, 8) & 0x7fu, 0u);
  EXPECT_EQ(ue8m0.code(0, 9), 0xfeu);
}

INSTANTIATE_TEST_SUITE_P(Cpu, QuantiseTest, kAllConfigurations, configuration_name);

}  // namespace
}  // namespace moat::testing
