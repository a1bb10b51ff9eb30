// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/yardsticks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "bench/measure/traffic_loops.hpp"

namespace moat {
namespace {

constexpr std::byte kUntouched{0xff};

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(11);
  std::vector<std::byte> bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

// The last word's missing bytes are 0.
std::uint32_t exclusive_or(const std::vector<std::byte>& bytes) {
  std::uint32_t total = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    total ^= std::to_integer<std::uint32_t>(bytes[i]) << (i % 4 * 8);
  }
  return total;
}

Yardstick& find(const std::string& name, int threads = 2) {
  static std::vector<std::unique_ptr<Yardstick>> kept;
  for (auto& y : make_yardsticks(threads)) {
    if (y->name() == name) return *kept.emplace_back(std::move(y));
  }
  throw std::runtime_error(name + " is missing");
}

std::uint32_t word(const std::vector<std::byte>& bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

// Every byte counts, wherever threads, streams and vectors meet.
TEST(XorWords, ReadsEveryByte) {
  for (const int threads : {1, 2, 3}) {
    for (const std::size_t size : {1, 2, 5, 64, 511, 512, 4095, 40001}) {
      auto bytes = random_bytes(size);
      const Region region{.data = bytes.data(), .bytes = size};
      ASSERT_EQ(xor_words({&region, 1}, threads), exclusive_or(bytes)) << size;
      for (std::size_t i = 0; i < size; i += std::max<std::size_t>(1, size / 701)) {
        bytes[i] ^= std::byte{1};
        ASSERT_EQ(xor_words({&region, 1}, threads), exclusive_or(bytes)) << size << " at " << i;
      }
    }
  }
}

TEST(CopyBytes, CopiesEveryByteAndNoMore) {
  for (const int threads : {1, 2, 3}) {
    // Both sides of the size from which on copies bypass the caches, whole lines and not.
    for (const std::size_t size : {1, 63, 4096, 262143, 262144, 262145, 1000003}) {
      for (const std::size_t offset : {0, 4}) {
        const auto from = random_bytes(size);
        auto* to = static_cast<std::byte*>(::operator new (size + 128, std::align_val_t{64}));
        std::fill(to, to + size + 128, kUntouched);
        copy_bytes(from.data(), to + offset, size, threads);
        EXPECT_TRUE(std::equal(from.begin(), from.end(), to + offset)) << size;
        EXPECT_TRUE(std::all_of(to, to + offset, [](std::byte b) { return b == kUntouched; }));
        EXPECT_TRUE(std::all_of(to + offset + size, to + size + 128, [](std::byte b) {
          return b == kUntouched;
        })) << size;
        ::operator delete (to, std::align_val_t{64});
      }
    }
  }
}

TEST(ReadYardstick, LeavesTheWordsOfAVector) {
  for (const DType t : kDTypes) {
    for (const std::int64_t n : {1, 3, 1001, 500000}) {
      const auto x = random_bytes(static_cast<std::size_t>(n) * size_of(t));
      std::vector<std::byte> result(16, kUntouched);
      const ReductionProblem p{
          .op = ReductionOp::max, .dtype = t, .n = n, .x = x.data(), .result = result.data()};
      find("read").run(p);
      EXPECT_EQ(word(result), exclusive_or(x));
      EXPECT_EQ(find("read").leaves(p), std::vector(result.begin(), result.begin() + 4));
      EXPECT_EQ(result[4], kUntouched);
      EXPECT_EQ(find("read").traffic(p)->read, static_cast<double>(x.size()));
      EXPECT_EQ(find("read").traffic(p)->written, 0);
    }
  }
}

TEST(ReadYardstick, ReadsQueriesKeysAndValues) {
  AttentionProblem p{.dtype = DType::bf16, .batch = 2, .q_heads = 6, .kv_heads = 3, .kv_len = 37};
  auto q = random_bytes(std::size_t{2} * 6 * 64 * 2);
  auto k = random_bytes(std::size_t{2} * 3 * 37 * 64 * 2);
  auto v = random_bytes(k.size());
  v[17] ^= std::byte{5};  // else K and V cancel out
  std::vector<std::byte> o(q.size(), kUntouched);
  p.q = q.data();
  p.k = k.data();
  p.v = v.data();
  p.o = o.data();
  for (auto* operand : {&q, &k, &v}) {
    operand->back() ^= std::byte{9};
    find("read").run(p);
    EXPECT_EQ(word(o), exclusive_or(q) ^ exclusive_or(k) ^ exclusive_or(v));
    EXPECT_EQ(find("read").leaves(p), std::vector(o.begin(), o.begin() + 4));
  }
  EXPECT_EQ(o[4], kUntouched);
  EXPECT_EQ(find("read").traffic(p)->read, static_cast<double>(q.size() + k.size() + v.size()));
}

TEST(ReadYardstick, ReadsWhatAProductWithAVectorReads) {
  WeightGemmProblem p{.dtype = DType::bf16, .code = Code::int4, .m = 1, .n = 6, .k = 64};
  const auto a = random_bytes(std::size_t{64} * 2);
  const auto w = random_bytes(std::size_t{6} * 32);
  const auto scales = random_bytes(std::size_t{6} * 2 * 2);
  std::vector<std::byte> c(12, kUntouched);
  p.a = a.data();
  p.w = w.data();
  p.scales = scales.data();
  p.c = c.data();
  find("read").run(p);
  EXPECT_EQ(word(c), exclusive_or(a) ^ exclusive_or(w) ^ exclusive_or(scales));
  EXPECT_EQ(c[4], kUntouched);
  EXPECT_EQ(find("read").traffic(p)->read,
            static_cast<double>(a.size() + w.size() + scales.size()));
}

// Neither where operands are read again and again, nor where what is left has no room.
TEST(ReadYardstick, StandsBesideVectorsOnly) {
  EXPECT_FALSE(find("read").traffic(GemmProblem{.m = 2, .n = 9, .k = 9}));
  EXPECT_TRUE(find("read").traffic(GemmProblem{.m = 1, .n = 9, .k = 9}));
  EXPECT_FALSE(find("read").traffic(GemmProblem{.dtype = DType::f16, .m = 1, .n = 1, .k = 9}));
  EXPECT_FALSE(find("read").traffic(RowsProblem{.rows = 9, .cols = 9}));
}

TEST(CopyYardstick, CopiesRows) {
  for (const RowsOp op : {RowsOp::softmax, RowsOp::rms_norm}) {
    RowsProblem p{.op = op, .dtype = DType::f16, .rows = 130, .cols = 1003};
    const auto x = random_bytes(std::size_t{130} * 1003 * 2);
    std::vector<std::byte> y(x.size() + 1, kUntouched);
    p.x = x.data();
    p.y = y.data();
    find("copy").run(p);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin()));
    EXPECT_EQ(y.back(), kUntouched);
    EXPECT_EQ(find("copy").leaves(p), x);
    EXPECT_EQ(find("copy").traffic(p)->read, static_cast<double>(x.size()));
    EXPECT_EQ(find("copy").traffic(p)->written, static_cast<double>(x.size()));
  }
}

// Of gates and values only as much as there are results.
TEST(CopyYardstick, CopiesAsMuchAsIsWritten) {
  SwigluProblem p{.dtype = DType::bf16, .rows = 30, .cols = 703};
  const auto x = random_bytes(std::size_t{30} * 703 * 2 * 2);
  std::vector<std::byte> y(x.size() / 2 + 1, kUntouched);
  p.x = x.data();
  p.y = y.data();
  find("copy").run(p);
  EXPECT_TRUE(std::equal(y.begin(), y.end() - 1, x.begin()));
  EXPECT_EQ(y.back(), kUntouched);
  EXPECT_EQ(find("copy").traffic(p)->written, static_cast<double>(x.size() / 2));
}

TEST(Yardsticks, StandOnlyBesideWhatMemoryBounds) {
  for (const char* name : {"read", "copy"}) {
    EXPECT_FALSE(find(name).traffic(GemmProblem{.m = 2, .n = 2})) << name;
    EXPECT_FALSE(find(name).traffic(AttentionProblem{.q_len = 2, .kv_len = 2})) << name;
  }
  EXPECT_FALSE(find("read").traffic(RowsProblem{}));
  EXPECT_FALSE(find("copy").traffic(ReductionProblem{}));
}

TEST(ProductYardstick, HasTheTypeAndTheFlopsOfPrefill) {
  const ProductYardstick yardstick = make_product_yardstick();
  for (const DType t : kDTypes) {
    for (const int length : {128, 512, 1000, 4096}) {
      for (const bool causal : {false, true}) {
        const AttentionProblem attention{.dtype = t,
                                         .q_heads = 28,
                                         .kv_heads = 4,
                                         .q_len = length,
                                         .kv_len = length,
                                         .head_dim = 128,
                                         .causal = causal};
        const auto product = yardstick.beside(attention);
        ASSERT_TRUE(product);
        const auto& gemm = std::get<GemmProblem>(*product);
        EXPECT_EQ(gemm.dtype, t);
        EXPECT_NEAR(flops(gemm) / flops(attention), 1, 0.01) << length;
        EXPECT_EQ(gemm.m, gemm.n);
        EXPECT_LE(gemm.k, 4 * gemm.m) << length;
        EXPECT_LE(gemm.m, 4 * gemm.k) << length;
      }
    }
  }
  const auto tiny = yardstick.beside(AttentionProblem{.q_len = 2, .kv_len = 2});
  ASSERT_TRUE(tiny);
  EXPECT_GT(flops(*tiny), 4e6);
}

TEST(ProductYardstick, StandsBesidePrefillAlone) {
  const ProductYardstick yardstick = make_product_yardstick();
  EXPECT_FALSE(yardstick.beside(AttentionProblem{.q_len = 1, .kv_len = 512}));
  EXPECT_FALSE(yardstick.beside(GemmProblem{.m = 512, .n = 512, .k = 512}));
  EXPECT_FALSE(yardstick.beside(ReductionProblem{}));
}

}  // namespace
}  // namespace moat
