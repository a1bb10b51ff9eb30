// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/operands.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>
#include <string_view>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"
#include "problems/reference/attention.hpp"
#include "problems/reference/reduction.hpp"
#include "problems/reference/swiglu.hpp"
#include "tests/support/host_device.hpp"

namespace moat {
namespace {

using testing::HostDevice;

TEST(Random, DoesNotDependOnTheNumberOfThreads) {
  std::vector<std::uint16_t> one(100001);
  std::vector<std::uint16_t> many(one.size());
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  fill_uniform(one.data(), DType::bf16, static_cast<std::int64_t>(one.size()), 5);
  omp_set_num_threads(7);
  fill_uniform(many.data(), DType::bf16, static_cast<std::int64_t>(many.size()), 5);
  omp_set_num_threads(threads);
  EXPECT_EQ(one, many);
  fill_uniform(many.data(), DType::bf16, static_cast<std::int64_t>(many.size()), 6);
  EXPECT_NE(one, many);
}

TEST(Random, IsUniformAndSymmetric) {
  constexpr int kCount = 1 << 20;
  std::vector<float> x(kCount);
  fill_uniform(x.data(), DType::f32, kCount, 1);
  double sum = 0;
  double squares = 0;
  double neighbours = 0;
  int negative = 0;
  std::vector<int> bins(16);
  for (int i = 0; i < kCount; ++i) {
    ASSERT_NE(x[i], 0);
    ASSERT_LT(std::abs(x[i]), 1);
    sum += x[i];
    squares += x[i] * x[i];
    neighbours += x[i] * x[(i + 1) % kCount];
    negative += x[i] < 0 ? 1 : 0;
    ++bins[static_cast<int>((x[i] + 1) * 8)];
  }
  // Six standard deviations.
  const double deviation = std::sqrt(double{kCount});
  EXPECT_LT(std::abs(sum), 6 * deviation / std::sqrt(3.0));
  EXPECT_LT(std::abs(neighbours), 6 * deviation / 3);
  EXPECT_LT(std::abs(negative - kCount / 2), 3 * deviation);
  EXPECT_NEAR(squares / kCount, 1 / 3.0, 0.002);
  for (const int bin : bins) EXPECT_NEAR(bin, kCount / 16, 6 * deviation / 4);
}

TEST(Inputs, SameSeedSameInputsAndEveryOperandItsOwn) {
  const Problem shape = parse_case("attention/f32/b1q4kv4h2hkv2d64");
  const Inputs first(shape, 1);
  const Inputs again(shape, 1);
  const Inputs other(shape, 2);
  const auto& p = std::get<AttentionProblem>(first.problem());
  const auto& r = std::get<AttentionProblem>(again.problem());
  const auto& s = std::get<AttentionProblem>(other.problem());
  const std::size_t size = 4 * 2 * 64 * sizeof(float);
  EXPECT_EQ(std::memcmp(p.q, r.q, size), 0);
  EXPECT_EQ(std::memcmp(p.v, r.v, size), 0);
  EXPECT_NE(std::memcmp(p.q, s.q, size), 0);
  EXPECT_NE(std::memcmp(p.q, p.k, size), 0);
  EXPECT_NE(std::memcmp(p.k, p.v, size), 0);
  EXPECT_EQ(p.o, nullptr);
}

TEST(Inputs, DoNotDependOnTheNumberOfThreads) {
  const int threads = omp_get_max_threads();
  for (const char* name :
       {"gemm/f32/m40n50k30", "attention/f32/b2q9kv20h4hkv2d64causal", "sum/f32/n100001",
        "argmax/f32/n1001", "softmax/f32/r20c30", "rmsnorm/f32/r20c30",
         "weightonly/bf16xmxfp4/m3n50k96", "scaledgemm/bf16xe4m3/m3n50k300", "gather/f32/v90t40d30",
         "topk/f32/r20c30k3", "sample/f32/r20c30k3", "sparsemla/bf16/b2q3kv40h2top9ragged",
         "indexer/f16/b2q3kv40h5",
         "pagedattention/bf16/b2q9kv40p16h4hkv2d64raggedcausalsinkswindow5",
         "mla/bf16xe4m3/b2q1kv70h2ragged"}) {
    const Problem shape = parse_case(name);
    omp_set_num_threads(1);
    const Inputs one(shape, 3);
    omp_set_num_threads(7);
    const Inputs many(shape, 3);
    omp_set_num_threads(threads);
    HostDevice device;
    const auto bytes_of = [](const Inputs& inputs) {
      std::vector<std::byte> all;
      for_each_operand(inputs.problem(), [&](const Operand& o, const void* data) {
        const auto* bytes = static_cast<const std::byte*>(data);
        if (bytes != nullptr)
          all.insert(all.end(), bytes, bytes + static_cast<std::size_t>(bytes_held(o)));
      });
      return all;
    };
    EXPECT_EQ(bytes_of(one), bytes_of(many)) << name;
  }
}

TEST(Inputs, SumsOfOneSignWhoseShortPartsAreExact) {
  const Inputs inputs(parse_case("sum/f32/n200000"), 1);
  const auto& p = std::get<ReductionProblem>(inputs.problem());
  const auto* x = static_cast<const float*>(p.x);
  for (std::int64_t i = 0; i < p.n; ++i) {
    ASSERT_EQ(x[i] < 0, i / kSignRun % 2 == 1) << i;
    const double unit = std::ldexp(double{x[i]}, 18);
    ASSERT_EQ(unit, std::round(unit)) << i;
    ASSERT_LE(std::abs(unit), 0x1p18) << i;
  }
}

TEST(Inputs, MaximaAreNegativeOrZeroAndHaveEquals) {
  for (const char* name : {"max/f32/n5000", "max/f16/n5000", "argmax/f32/n5000"}) {
    const Inputs inputs(parse_case(name), 1);
    const auto& p = std::get<ReductionProblem>(inputs.problem());
    const auto top = static_cast<double>(reference::max(p).value);
    EXPECT_LE(top, 0) << name;
    EXPECT_EQ(top < 0, p.op == ReductionOp::max) << name;
    int equal = 0;
    for (std::int64_t i = 0; i < p.n; ++i) {
      equal += reference::read(p.x, p.dtype, i) == top ? 1 : 0;
    }
    EXPECT_GE(equal, 10) << name;
  }
}

// One key beyond the causal edge would outweigh all that a query sees.
TEST(Inputs, KeysBeyondTheCausalEdgeWouldShow) {
  const Inputs inputs(parse_case("attention/f32/b1q256kv256h2hkv1d64causal"), 1);
  auto p = std::get<AttentionProblem>(inputs.problem());
  int changed = 0;
  for (int query = 0; query + 1 < p.q_len; ++query) {
    for (int head = 0; head < 2; ++head) {
      const double right = reference::attention_row(p, 0, head, query).out[0].value;
      auto beyond = p;
      beyond.q_len -= 1;  // each query sees one key more
      const double wrong = reference::attention_row(beyond, 0, head, query).out[0].value;
      changed += std::abs(right - wrong) > 0.1 ? 1 : 0;
    }
  }
  EXPECT_GE(changed, 10);
}

// Keys 20 … 39 of one sequence and the only key of the other are seen, in two pages and one.
TEST(Inputs, UnusedSlotsAreNaNAndUnusedEntriesNoPages) {
  const Inputs inputs(parse_case("pagedattention/f16/b2q1kv40p16h2hkv1d64raggedwindow20"), 1);
  const auto& p = std::get<PagedAttentionProblem>(inputs.problem());
  const std::int64_t slots = cache_pages(p) * p.page;
  for (const void* cache : {p.k, p.v}) {
    int live = 0;
    for (std::int64_t slot = 0; slot < slots; ++slot) {
      int numbers = 0;
      for (int d = 0; d < p.head_dim; ++d) {
        numbers += std::isnan(reference::read(cache, p.dtype, slot * p.head_dim + d)) ? 0 : 1;
      }
      EXPECT_TRUE(numbers == 0 || numbers == p.head_dim) << slot;
      live += numbers == 0 ? 0 : 1;
    }
    EXPECT_EQ(live, 20 + 1);
  }
  const int* table = static_cast<const int*>(p.table);
  std::set<int> pages;
  for (int i = 0; i < p.batch * table_width(p); ++i) {
    if (table[i] >= 0 && table[i] < cache_pages(p)) pages.insert(table[i]);
  }
  EXPECT_EQ(pages.size(), 2u + 1);
}

// 70 keys and one. The scales of a key's blocks differ by factors, or a block's scale for that of
// another would pass.
TEST(Inputs, UnusedKeysInCodesAreNaNThroughout) {
  const Inputs inputs(parse_case("mla/bf16xe4m3/b2q1kv70h2ragged"), 1);
  const auto& p = std::get<PagedAttentionProblem>(inputs.problem());
  const auto* keys = static_cast<const CodedKey*>(p.k);
  int live = 0;
  int apart = 0;
  for (std::int64_t slot = 0; slot < cache_pages(p) * p.page; ++slot) {
    const CodedKey& key = keys[slot];
    const auto nan = [](auto x) { return std::isnan(to_float(x)); };
    const auto codes = std::ranges::count_if(key.codes, nan);
    const auto scales = std::ranges::count_if(key.scales, [](float x) { return std::isnan(x); });
    const auto elements = std::ranges::count_if(key.elements, nan);
    if (codes + scales + elements == 0) {
      ++live;
      const auto [least, most] = std::ranges::minmax(key.scales);
      apart += most > 1.5f * least ? 1 : 0;
    } else {
      EXPECT_EQ(codes, CodedKey::kCodes) << slot;
      EXPECT_EQ(scales, 4) << slot;
      EXPECT_EQ(elements, CodedKey::kElements) << slot;
    }
  }
  EXPECT_EQ(live, 70 + 1);
  EXPECT_GE(apart, 60);
}

TEST(Operands, CopiesShareInputsAndHaveTheirOwnOutputs) {
  HostDevice device;
  const Inputs inputs(parse_case("gemm/f16/m5n6k7bt"), 1);
  const auto& host = std::get<GemmProblem>(inputs.problem());
  Operands one(device, inputs, 2);
  const Operands two(device, inputs);
  const auto a = std::get<GemmProblem>(one.problem(0));
  const auto b = std::get<GemmProblem>(one.problem(1));
  const auto c = std::get<GemmProblem>(two.problem());
  EXPECT_EQ(a.a, b.a);
  EXPECT_NE(a.a, c.a);
  EXPECT_EQ((std::set<void*>{a.c, b.c, c.c}.size()), 3u);
  for (const auto& p : {a, b, c}) {
    EXPECT_EQ(std::memcmp(p.a, host.a, 5 * 7 * 2), 0);
    EXPECT_EQ(std::memcmp(p.b, host.b, 6 * 7 * 2), 0);
  }
  // Written, then poisoned again; the other output is left alone.
  std::memset(a.c, 0, 5 * 6 * 2);
  std::memset(b.c, 0, 5 * 6 * 2);
  one.poison(0);
  const auto poisoned = one.download(0);
  ASSERT_EQ(poisoned.size(), 5 * 6 * 2 + kGuardBytes);
  for (const std::byte byte : poisoned) EXPECT_EQ(byte, std::byte{kPoison});
  EXPECT_EQ(one.download(1)[0], std::byte{0});
}

// What a kernel reads behind the end of an input shows in its result, also where the input ends
// with the guard's last byte: NaN, or infinity where a maximum would pass over NaN.
TEST(Operands, WhatLiesBehindInputsShows) {
  HostDevice device;
  for (const char* name : {"gemm/f32/m5n6k7", "gemm/f32/m8n8k8", "sum/f32/n64", "rmsnorm/f32/r1c64",
                           "max/f32/n63", "max/f32/n64", "argmax/f32/n64", "softmax/f32/r1c64"}) {
    const bool maximum = std::string_view(name).find("max") != std::string_view::npos;
    const Inputs inputs(parse_case(name), 1);
    const Operands operands(device, inputs);
    int seen = 0;
    for_each_operand(operands.problem(), [&](const Operand& o, const auto& pointer) {
      if (o.role != Role::input) return;
      const auto* behind =
          static_cast<const float*>(pointer) + static_cast<std::int64_t>(extent(o));
      for (std::size_t i = 0; i < kGuardBytes / sizeof(float); ++i) {
        EXPECT_TRUE(maximum ? std::isinf(behind[i]) && behind[i] > 0 : std::isnan(behind[i]))
            << name << ' ' << o.name << ' ' << i;
      }
      ++seen;
    });
    EXPECT_GT(seen, 0) << name;
  }
}

// A limit of any size has gates and values on both sides, also in the smallest shape.
TEST(Fill, SwigluLiesOnBothSidesOfItsLimit) {
  for (const char* name :
       {"swiglu/bf16/r1c8limit7", "swiglu/bf16/r1c8limit20", "swiglu/f32/r1c8limit100",
        "swiglu/f16/r8c1limit0.5", "swiglu/f16/r4c64limit1000", "swiglu/f16/r4c64limit30000"}) {
    const Inputs inputs(parse_case(name), 1);
    const auto& p = std::get<SwigluProblem>(inputs.problem());
    std::array<int, 2> inside{};  // gates, values
    std::array<int, 2> above{};
    std::array<int, 2> below{};
    with_dtype(p.dtype, [&]<class T>(Type<T>) {
      const T* x = static_cast<const T*>(p.x);
      for (int i = 0; i < p.rows * 2 * p.cols; ++i) {
        const float value = to_float(x[i]);
        ASSERT_TRUE(std::isfinite(value)) << name << ' ' << i;
        const std::size_t half = i / p.cols % 2;
        ++(value > p.limit ? above : value < -p.limit ? below : inside).at(half);
      }
    });
    for (const auto& part : {inside, above, below}) {
      EXPECT_GT(part[0], 0) << name;
      EXPECT_GT(part[1], 0) << name;
    }
    // What the type does not hold tells nothing of a limit.
    double most = 0;
    for (int i = 0; i < p.rows * p.cols; ++i) {
      most = std::max(most, std::abs(reference::swiglu_element(p, i / p.cols, i % p.cols).y));
    }
    EXPECT_LT(most, reference::largest(p.dtype)) << name;
  }
}

// Without one, exponentials of either sign overflow, also in the smallest shape.
// Of every code, what lies halfway to the next one and beside that.
TEST(Fill, QuantiseHasEveryBoundaryOfCodes) {
  for (const char* name : {"quantise/bf16xe4m3/r67c512", "quantise/f16xe4m3fnuz/r67c512ue8m0",
                           "quantise/f32xe4m3/r200c1024perblock"}) {
    const Inputs inputs(parse_case(name), 1);
    const auto& p = std::get<QuantiseProblem>(inputs.problem());
    std::set<double> seen;
    for (std::int64_t i = 0; i < std::int64_t{p.rows} * p.cols; ++i) {
      seen.insert(std::abs(reference::read(p.x, p.dtype, i)) * 4);
    }
    with_scaled_code(p.code, [&]<class C>(Type<C>) {
      for (int bits = 0; bits + 1 < (C::kFnuz ? 0x80 : 0x7f); ++bits) {
        const float here = decode(C{static_cast<std::uint8_t>(bits)});
        const float half = (here + decode(C{static_cast<std::uint8_t>(bits + 1)})) / 2;
        const float least = std::ldexp(1.0f, std::ilogb(half) + 1 - traits(p.dtype).digits);
        for (const float x : {here, half, half - least, half + least}) {
          EXPECT_TRUE(seen.contains(x)) << name << ' ' << x;
        }
      }
    });
  }
}

TEST(Fill, SwigluHasGatesWhoseExponentialsOverflow) {
  const Inputs inputs(parse_case("swiglu/f32/r1c8"), 1);
  const auto* gates = static_cast<const float*>(std::get<SwigluProblem>(inputs.problem()).x);
  const auto [least, most] = std::minmax_element(gates, gates + 8);
  EXPECT_LT(*least, -100);
  EXPECT_GT(*most, 100);
}

TEST(Operands, OutOfMemoryReleasesWhatWasAllocated) {
  const Problem shape = parse_case("gemm/f32/m64n64k64");
  EXPECT_EQ(Operands::bytes(shape, 2), 2u * (16384 + kGuardBytes) + 2 * (16384 + kGuardBytes));
  const Inputs inputs(shape, 1);
  HostDevice small({}, Operands::bytes(shape, 2) - 1);
  EXPECT_THROW(Operands(small, inputs, 2), OutOfMemory);
  EXPECT_EQ(small.used(), 0u);
  HostDevice enough({}, Operands::bytes(shape, 2));
  {
    const Operands operands(enough, inputs, 2);
    EXPECT_EQ(enough.used(), Operands::bytes(shape, 2));
  }
  EXPECT_EQ(enough.used(), 0u);
}

}  // namespace
}  // namespace moat
