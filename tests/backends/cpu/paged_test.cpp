// SPDX-License-Identifier: Apache-2.0
// Panels of rows in pages hold what those of the same rows in one matrix do, and of codes what
// those of their numbers do.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "backends/cpu/coded_pages.hpp"

namespace moat::cpu {
namespace {

constexpr int kDim = 64;
constexpr int kHeads = 2;
constexpr int kRow = kDim * kHeads;
constexpr int kLengths[] = {1, 37, 150};
constexpr int kSequences = 3;
constexpr int kLongest = 150;

float element(int sequence, int key, int col) {
  return static_cast<float>((sequence * 71 + key * 37 + col * 11) % 251 - 125);
}

// The sequences in pages, whose order is turned round, with NaN in slots that hold no key, and in
// one matrix each.
struct Cache {
  std::vector<float> pages, dense;
  std::vector<int> table;
  Paged<float> view;
  Tensor<const float> matrices;

  explicit Cache(int page) {
    const int width = ceil_div(kLongest, page) + 1;
    const int count = kSequences * width;
    pages.assign(std::size_t(count) * page * kRow, std::numeric_limits<float>::quiet_NaN());
    dense.assign(std::size_t(kSequences) * kLongest * kRow, 0.0f);
    table.assign(count, -7);
    for (int s = 0; s < kSequences; ++s) {
      for (int key = 0; key < kLengths[s]; ++key) {
        const int slot = s * width + key / page;
        table[slot] = count - 1 - slot;
        for (int c = 0; c < kRow; ++c) {
          const float x = element(s, key, c);
          pages[(std::size_t(table[slot]) * page + key % page) * kRow + c] = x;
          dense[(std::size_t(s) * kLongest + key) * kRow + c] = x;
        }
      }
    }
    view = {.pages = {pages.data(), page, kDim, kRow, kDim, std::int64_t{page} * kRow, kHeads},
            .table = table.data(),
            .lengths = kLengths,
            .table_stride = width};
    matrices = {dense.data(), kLongest, kDim, kRow, kDim, std::int64_t{kLongest} * kRow, kHeads};
  }
};

// f(cache, sequence, its matrix alone, first key), for keys at and between the ends of pages.
template <class F>
void for_each_place(F f) {
  for (const int page : {1, 16, 64}) {
    const Cache cache(page);
    for (int s = 0; s < kSequences; ++s) {
      Tensor<const float> alone = cache.matrices;
      alone.data += s * alone.batch_stride;
      alone.rows = kLengths[s];
      for (const int first : {0, 1, 16, 24, 63, 64, 101, 140}) {
        if (first >= kLengths[s]) continue;
        SCOPED_TRACE(::testing::Message() << page << ' ' << s << ' ' << first);
        f(cache, s, alone, first);
      }
    }
  }
}

TEST(PagedRight, IsARightOfTheSameRows) {
  constexpr int kKeys = 48;
  for_each_place([](const Cache& cache, int s, const Tensor<const float>& alone, int first) {
    constexpr int kHead = 1;
    {
      using P = PagedRight<float, kDim, kKeys, Order::transposed>;
      auto paged = std::make_unique<P>();
      auto right = std::make_unique<Right<float, kDim, kKeys, Order::transposed>>();
      paged->load(P::bind(cache.view), {.col = first, .head = kHead, .batch = s});
      right->load(alone, {.col = first, .head = kHead});
      ASSERT_EQ(paged->depth, right->depth);
      ASSERT_EQ(paged->cols, right->cols);
      for (int i = 0; i < ceil_div(right->cols, kColumns) * kColumns * kDim; ++i) {
        ASSERT_EQ(paged->values[i], right->values[i]) << i;
      }
    }
    using P = PagedRight<float, kKeys, kDim, Order::row_major>;
    auto paged = std::make_unique<P>();
    auto right = std::make_unique<Right<float, kKeys, kDim, Order::row_major>>();
    paged->load(P::bind(cache.view), {.row = first, .head = kHead, .batch = s});
    right->load(alone, {.row = first, .head = kHead});
    ASSERT_EQ(paged->depth, right->depth);
    ASSERT_EQ(paged->cols, right->cols);
    for (int c = 0; c < kDim / kColumns; ++c) {
      for (int i = 0; i < right->depth * kColumns; ++i) {
        const int at = c * kKeys * kColumns + i;
        ASSERT_EQ(paged->values[at], right->values[at]) << at;
      }
    }
  });
}

TEST(PagedOfHeads, KnowsWhereRowsLie) {
  constexpr int kKeys = 32;
  using P = PagedOfHeads<float, kDim, kKeys, Order::transposed>;
  for_each_place([](const Cache& cache, int s, const Tensor<const float>& alone, int first) {
    P panel;
    panel.load(P::bind(cache.view, 4), {.col = first, .batch = s});
    ASSERT_EQ(panel.keys, std::min(P::kKeys + 0, alone.rows - first));
    EXPECT_EQ(panel.head_stride, kDim);
    EXPECT_EQ(panel.rows_per_head, 4);
    for (int i = 0; i < panel.keys; ++i) {
      for (int c = 0; c < kRow; ++c) {
        ASSERT_EQ(panel.rows[i][c], element(s, first + i, c)) << i << ' ' << c;
      }
    }
  });
}

// 150 keys in three pages, as codes, all 256 of them, and as elements.
struct CodedCache {
  static constexpr int kPage = 64;
  static constexpr int kNumbers = CodedKey::kNumbers;
  std::vector<CodedKey> keys = std::vector<CodedKey>(3 * kPage);
  std::vector<bf16> elements = std::vector<bf16>(keys.size() * kNumbers);
  int table[3] = {2, 0, 1};
  int length = kLongest;

  CodedCache() {
    for (std::size_t slot = 0; slot < keys.size(); ++slot) {
      CodedKey& key = keys[slot];
      for (std::size_t i = 0; i < CodedKey::kCodes; ++i) {
        key.codes[i] = {static_cast<std::uint8_t>(i + slot * 37)};
      }
      for (std::size_t i = 0; float& scale : key.scales) {
        scale = 1.0f / static_cast<float>(3 + slot + 100 * i++);
      }
      for (std::size_t i = 0; i < CodedKey::kElements; ++i) {
        key.elements[i] = from_float<bf16>(static_cast<float>(i + 100 * slot));
      }
      for (int i = 0; i < kNumbers; ++i) {
        elements[slot * kNumbers + i] = from_float<bf16>(number_of(key, i));
      }
    }
  }

  Paged<CodedKey> coded(int cols) const {
    return {.pages = {keys.data(), kPage, cols, 1, 1, kPage},
            .table = table,
            .lengths = &length,
            .table_stride = 3};
  }
  Paged<bf16> plain(int cols) const {
    return {.pages = {elements.data(), kPage, cols, kNumbers, kNumbers, kPage * kNumbers},
            .table = table,
            .lengths = &length,
            .table_stride = 3};
  }
};

// Loads both and compares them, NaN with NaN.
template <int kK, int kN, Order kOrder>
void expect_same_panels(const CodedCache& cache, int width, const Coord& at) {
  using Coded = PagedRight<CodedKey, kK, kN, kOrder>;
  using Plain = PagedRight<bf16, kK, kN, kOrder>;
  auto coded = std::make_unique<Coded>();
  auto plain = std::make_unique<Plain>();
  coded->load(Coded::bind(cache.coded(width)), at);
  plain->load(Plain::bind(cache.plain(width)), at);
  ASSERT_EQ(coded->depth, plain->depth);
  ASSERT_EQ(coded->cols, plain->cols);
  for (int c = 0; c < plain->cols; ++c) {
    for (int k = 0; k < plain->depth; ++k) {
      const int i = c / kColumns * kK * kColumns + k * kColumns + c % kColumns;
      ASSERT_EQ(std::isnan(coded->values[i]), std::isnan(plain->values[i])) << c << ' ' << k;
      if (!std::isnan(plain->values[i])) {
        ASSERT_EQ(coded->values[i], plain->values[i]) << c << ' ' << k;
      }
    }
  }
}

TEST(PagedRight, OfCodesIsThatOfTheirNumbers) {
  const CodedCache cache;
  for (const int first : {0, 16, 48, 64, 101, 140}) {
    SCOPED_TRACE(first);
    expect_same_panels<CodedCache::kNumbers, 32, Order::transposed>(cache, CodedCache::kNumbers,
                                                                    {.col = first});
    for (const int col : {0, 256}) {
      expect_same_panels<32, 256, Order::row_major>(cache, CodedKey::kCodes,
                                                    {.row = first, .col = col});
    }
  }
}

}  // namespace
}  // namespace moat::cpu
