// SPDX-License-Identifier: Apache-2.0
// The loops of the harness that are compiled for each set, on lengths that leave parts of vectors.
#include "bench/software/loops.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "bench/baselines/halves.hpp"
#include "bench/measure/traffic_loops.hpp"

namespace moat {
namespace {

// The last is beyond what copies and results keep in the caches.
constexpr std::int64_t kCounts[] = {1, 7, 8, 9, 31, 257, 1029, (std::int64_t{1} << 21) + 5};

std::vector<float> numbers(std::int64_t count, int seed) {
  std::vector<float> x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(static_cast<int>((i * 37 + seed) % 501) - 250) / 64;
  }
  return x;
}

TEST(LoopsOfTheSet, ReadAndCopyEveryByte) {
  for (const std::int64_t count : kCounts) {
    const auto from = numbers(count, 1);
    std::vector<std::byte> to(from.size() * sizeof(float) + 64, std::byte{0x5a});
    void* aligned = to.data() + (64 - reinterpret_cast<std::uintptr_t>(to.data()) % 64) % 64;
    const std::size_t bytes = from.size() * sizeof(float) - 1;
    copy_bytes(from.data(), aligned, bytes, 2);
    EXPECT_EQ(std::memcmp(from.data(), aligned, bytes), 0) << count;
    EXPECT_EQ(static_cast<std::byte*>(aligned)[bytes], std::byte{0x5a}) << count;

    std::uint32_t expected = 0;
    for (std::size_t i = 0; i < bytes; i += sizeof expected) {
      std::uint32_t word = 0;
      std::memcpy(&word, reinterpret_cast<const std::byte*>(from.data()) + i,
                  std::min(sizeof word, bytes - i));
      expected ^= word;
    }
    const Region region{from.data(), bytes};
    EXPECT_EQ(xor_words({&region, 1}, 2), expected) << count;
  }
}

TEST(LoopsOfTheSet, ConvertHalves) {
  for (const DType type : {DType::f16, DType::bf16}) {
    with_dtype(type, [&]<class T>(Type<T>) {
      const auto x = numbers(3 * 259, 2);
      std::vector<T> narrow(3 * 300);
      narrow_halves(type, x.data(), narrow.data(), 300, 3, 259, 2);
      std::vector<float> wide(x.size());
      widen_halves(type, narrow.data(), 300, wide.data(), 3, 259, 2);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const T expected = from_float<T>(x[i]);
        EXPECT_EQ(to_float(narrow[i / 259 * 300 + i % 259]), to_float(expected)) << i;
        EXPECT_EQ(wide[i], to_float(expected)) << i;
      }
    });
  }
}

TEST(LoopsOfTheSet, AddElements) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    with_dtype(type, [&]<class T>(Type<T>) {
      for (const std::int64_t count : kCounts) {
        std::vector<T> a, b;
        for (const float x : numbers(count, 3)) a.push_back(from_float<T>(x));
        for (const float x : numbers(count, 4)) b.push_back(from_float<T>(x));
        std::vector<T> sum(a.size());
        loops().add_elements(type, a.data(), b.data(), sum.data(), count, 2);
        for (std::size_t i = 0; i < a.size(); ++i) {
          ASSERT_EQ(to_float(sum[i]), to_float(from_float<T>(to_float(a[i]) + to_float(b[i]))))
              << count << ": " << i;
        }
      }
    });
  }
}

TEST(LoopsOfTheSet, StepsOfSwigluAndRope) {
  constexpr std::int64_t kRows = 3;
  for (const std::int64_t half : {4, 11, 64}) {
    const HeadShape shape{.tokens = kRows, .heads = 2, .half = half};
    const std::int64_t cols = 4 * half;
    const auto x = numbers(kRows * cols, 5), z = numbers(kRows * cols, 6);
    std::vector<float> y(x.size()), second(x.size() / 2);
    loops().silu_rows({x.data(), cols}, {y.data(), cols}, kRows, cols, 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(y[i], x[i] / (1 + std::exp(-x[i])), 1e-6f * (1 + std::abs(x[i]))) << i;
    }
    loops().multiply_rows({x.data(), cols}, {z.data(), cols}, {y.data(), cols}, kRows, cols, 2);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i] * z[i]) << i;
    loops().negate_second_halves(x.data(), second.data(), shape, 2);
    loops().join_halves(second.data(), x.data(), y.data(), shape, 2);
    for (std::int64_t i = 0; i < std::ssize(x); ++i) {
      const bool first = i % (2 * half) < half;
      ASSERT_EQ(y[i], first ? -x[i + half] : x[i - half]) << i;
    }
    loops().scale_heads(x.data(), z.data(), y.data(), shape, 2);
    for (std::int64_t i = 0; i < std::ssize(x); ++i) {
      ASSERT_EQ(y[i], x[i] * z[i / cols * half + i % half]) << i;
    }
  }
}

}  // namespace
}  // namespace moat
