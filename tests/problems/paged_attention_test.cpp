// SPDX-License-Identifier: Apache-2.0
#include "problems/paged_attention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "problems/problem.hpp"

namespace moat {
namespace {

// Pairs by formula and one by one.
TEST(PagedAttention, CountsThePairsThatTheMaskLetsThrough) {
  for (const bool ragged : {false, true}) {
    for (const int q_len : {1, 3, 7, 40}) {
      for (const int window : {0, 1, 5, 100}) {
        for (const bool causal : {false, true}) {
          const PagedAttentionProblem p{.batch = 4,
                                        .q_len = q_len,
                                        .kv_len = 23,
                                        .causal = causal,
                                        .window = window,
                                        .ragged = ragged};
          if (!what_is_wrong(p).empty()) continue;
          double pairs = 0;
          for (int b = 0; b < p.batch; ++b) {
            for (int query = 0; query < q_len; ++query) {
              const KeyRange keys = keys_of(p, length_of(p, b), query);
              pairs += keys.end - keys.begin;
            }
          }
          EXPECT_EQ(visible_pairs(p), pairs)
              << q_len << ' ' << window << (causal ? " causal" : "") << (ragged ? " ragged" : "");
        }
      }
    }
  }
}

TEST(PagedAttention, RaggedLengthsFallToOne) {
  const PagedAttentionProblem p{.batch = 3, .kv_len = 41, .ragged = true};
  EXPECT_EQ(length_of(p, 0), 41);
  EXPECT_EQ(length_of(p, 1), 21);
  EXPECT_EQ(length_of(p, 2), 1);
}

// The window of the first query begins in the third page of 16 of 300 keys' nineteen.
TEST(PagedAttention, MovesWhatSomeQuerySees) {
  const PagedAttentionProblem p{
      .q_len = 2, .kv_len = 300, .page = 16, .head_dim = 64, .causal = true, .window = 256};
  EXPECT_EQ(first_key(p, 300), 43);
  EXPECT_EQ(pages_in_use(p, 300), 17);
  EXPECT_EQ(bytes(Problem(p)), 2 * (2 * 64 + 2 * 257 * 64) + 4 * (20 + 1) + 2 * 2 * 64 + 4 * 2);
}

TEST(PagedAttention, LatentKeysAreTheValuesToo) {
  const PagedAttentionProblem p = kernels_of(Type<PagedAttentionProblem>{}).at(1);
  ASSERT_TRUE(p.latent);
  EXPECT_EQ(flops(p), 2 * (576 + 512));
  EXPECT_EQ(bytes(Problem(p)), 2 * (576 + 576) + 4 * (2 + 1) + 2 * 512 + 4);
}

// 512 codes, four scales and 64 elements of a key; queries and results stay as they are.
TEST(PagedAttention, LatentKeysInCodesAre656Bytes) {
  PagedAttentionProblem p = kernels_of(Type<PagedAttentionProblem>{}).at(1);
  p.kv_len = 100;
  const double of_elements = bytes(Problem(p));
  const double of_operations = flops(p);
  p.code = Code::e4m3;
  EXPECT_EQ(what_is_wrong(p), "");
  EXPECT_EQ(of_elements - bytes(Problem(p)), 100 * (1152 - 656));
  EXPECT_EQ(flops(p), of_operations);
  p.dtype = DType::f16;
  EXPECT_NE(what_is_wrong(p).find("mla/bf16xe4m3"), std::string::npos);
}

TEST(CodedKey, NumbersAreRoundedProductsAndElements) {
  CodedKey key{};
  key.codes[0] = encode<e4m3>(-13);
  key.codes[127] = encode<e4m3>(0x1p-9f);
  key.codes[128] = encode<e4m3>(448);
  key.codes[511] = {0x7f};
  key.scales[0] = 1.0f / 3;
  key.scales[1] = 0x1p-8f;
  key.scales[3] = 1;
  key.elements[0] = from_float<bf16>(1.5f);
  key.elements[63] = from_float<bf16>(-2.25f);
  EXPECT_EQ(number_of(key, 0), to_float(from_float<bf16>(-13.0f / 3)));
  EXPECT_EQ(number_of(key, 127), to_float(from_float<bf16>(0x1p-9f / 3)));
  EXPECT_EQ(number_of(key, 128), 1.75f);
  EXPECT_TRUE(std::isnan(number_of(key, 511)));
  EXPECT_EQ(number_of(key, 512), 1.5f);
  EXPECT_EQ(number_of(key, 575), -2.25f);
}

// Sequences of 9, 5 and 1 keys: of the first all queries list 4 and share none before they have
// listed all, of the last only the last one lists its only key.
TEST(PagedAttention, ListsNameNoMoreThanTheKeysInFrontOfAQuery) {
  PagedAttentionProblem p = kernels_of(Type<PagedAttentionProblem>{}).at(2);
  p.batch = 3;
  p.q_len = 2;
  p.kv_len = 9;
  p.top = 4;
  p.ragged = true;
  EXPECT_EQ(listed_keys(p, 9, 0), 4);
  EXPECT_EQ(listed_keys(p, 5, 0), 4);
  EXPECT_EQ(listed_keys(p, 1, 0), 0);
  EXPECT_EQ(listed_keys(p, 1, 1), 1);
  EXPECT_EQ(visible_pairs(p), 8 + 8 + 1);
  EXPECT_EQ(keys_read(p), 8 + 5 + 1);
  EXPECT_EQ(cache_pages(p), 64 * (3 + 3));
  EXPECT_EQ(bytes(Problem(p)), 2 * (6 * 576 + 14 * 576) + 4 * (6 * 4 + 6) + 2 * 6 * 512 + 4 * 6);
}

}  // namespace
}  // namespace moat
