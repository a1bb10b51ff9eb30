// SPDX-License-Identifier: Apache-2.0
#include "problems/paged_attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "problems/reference/paged_attention.hpp"
#include "tests/kernels/on_device.hpp"

namespace moat::testing {
namespace {

// A problem with a cache whose pages lie in random order. Slots and entries of the table that hold
// nothing which a query sees are NaN and no pages.
class PagedAttentionTest : public KernelTest {
 protected:
  void check(PagedAttentionProblem p) {
    if (dtype() != DType::bf16 && p.code) return;
    p.dtype = dtype();
    p.scale = 1 / std::sqrt(static_cast<float>(p.head_dim));
    SCOPED_TRACE(::testing::Message()
                 << (p.code ? "codes, " : "") << (p.latent ? "latent, top " : "top ") << p.top
                 << ", batch " << p.batch << ", lengths " << p.q_len << "/" << p.kv_len << ", page "
                 << p.page << ", heads " << p.q_heads << "/" << p.kv_heads << ", d " << p.head_dim
                 << "/" << values_of(p) << (p.causal ? ", causal" : "")
                 << (p.sinks ? ", sinks" : "") << ", window " << p.window);
    std::mt19937 generator(17);
    std::vector<int> pages(cache_pages(p));
    std::iota(pages.begin(), pages.end(), 0);
    std::ranges::shuffle(pages, generator);
    const int tables = p.batch * (p.top != 0 ? p.q_len : 1);
    std::vector<int> lengths(tables);
    std::vector<int> table(std::int64_t{tables} * table_width(p), 1 << 30);
    std::vector<bool> used(cache_pages(p) * p.page);
    int next = 0;
    for (int list = 0; list < tables && p.top != 0; ++list) {
      const int length = length_of(p, list / p.q_len);
      const int count = lengths[list] = listed_keys(p, length, list % p.q_len);
      std::ranges::shuffle(pages, generator);
      std::copy_n(pages.begin(), count, table.begin() + std::int64_t{list} * p.top);
      for (int i = 0; i < count; ++i) used[pages[i]] = true;
    }
    for (int b = 0; b < p.batch && p.top == 0; ++b) {
      lengths[b] = length_of(p, b);
      int* entries = table.data() + std::int64_t{b} * table_width(p);
      for (int j = first_key(p, lengths[b]); j < lengths[b]; ++j) {
        int& entry = entries[j / p.page];
        if (entry == 1 << 30) entry = pages[next++];
        used[std::int64_t{entry} * p.page + j % p.page] = true;
      }
    }
    const std::int64_t rows = std::int64_t{p.batch} * p.q_len * p.q_heads;
    const HostArray q = random_array(dtype(), rows * p.head_dim, 1);
    const HostArray k = cache(p, used, p.head_dim, generator);
    const std::vector<CodedKey> coded =
        p.code ? coded_cache(used, generator) : std::vector<CodedKey>();
    const HostArray v = cache(p, used, values_of(p), generator);
    const HostArray sinks = random_array(DType::f32, p.q_heads, 2, 5);
    HostArray o(dtype(), rows * values_of(p), [](std::int64_t) { return std::nanf(""); });
    HostArray lse(DType::f32, rows, [](std::int64_t) { return std::nanf(""); });
    p.q = q.data();
    p.k = p.code ? static_cast<const void*>(coded.data()) : k.data();
    p.v = v.data();
    p.table = table.data();
    p.lengths = lengths.data();
    p.sink_logits = sinks.data();
    p.o = o.data();
    p.lse = lse.data();
    using P = PagedAttentionProblem;
    run_on<P>(device(), p,
              {{&P::q, q.size()},
               {&P::k, p.code ? coded.size() * sizeof(CodedKey) : k.size()},
               {&P::v, v.size()},
               {&P::table, table.size() * sizeof(int)},
               {&P::lengths, lengths.size() * sizeof(int)},
               {&P::sink_logits, sinks.size()}},
              {{&P::o, o.size()}, {&P::lse, lse.size()}});

    std::vector<bf16> elements;
    p = reference::with_elements(p, elements);
    double worst = 0;
    double worst_sum = 0;
    for (int b = 0; b < p.batch; ++b) {
      for (int head = 0; head < p.q_heads; ++head) {
        for (int query = 0; query < p.q_len; ++query) {
          const auto row = reference::attention_row(p, b, head, query);
          const auto at = reference::row_of(p, b, head, query);
          for (int i = 0; i < values_of(p); ++i) {
            const double bound = reference::bound(p, row.out[i], row.value_abs[i], row.logits,
                                                  reference::Data::random_signs);
            worst = std::max(worst, reference::error_over_bound(o[at * values_of(p) + i],
                                                                row.out[i].value, bound, dtype()));
          }
          const double bound =
              reference::log2_sum_bound(row.log2_sum, row.logits, reference::Data::random_signs);
          worst_sum = std::max(
              worst_sum, reference::error_over_bound(lse[at], row.log2_sum, bound, DType::f32));
        }
      }
    }
    EXPECT_LE(worst, 1);
    EXPECT_LE(worst_sum, 1);
  }

  // Decode of ragged sequences, and several queries.
  void check_latent(const PagedAttentionProblem& latent) {
    for (const int heads : {1, 16, 150}) {
      auto p = latent;
      p.batch = 2;
      p.kv_len = 131;
      p.q_heads = heads;
      p.ragged = true;
      check(p);
    }
    auto p = latent;
    p.q_len = 3;
    p.kv_len = 700;
    p.q_heads = 8;
    p.causal = true;
    check(p);
  }

 private:
  // Numbers of magnitudes that differ from block to block.
  static std::vector<CodedKey> coded_cache(const std::vector<bool>& used, std::mt19937& generator) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
    std::vector<CodedKey> keys(used.size());
    for (std::size_t slot = 0; slot < keys.size(); ++slot) {
      for (int block = 0; float& scale : keys[slot].scales) {
        scale = used[slot] ? (2 + uniform(generator)) / static_cast<float>(900 << block++) : kNaN;
      }
      for (e4m3& code : keys[slot].codes) {
        code = encode<e4m3>(used[slot] ? 448 * uniform(generator) : kNaN);
      }
      for (bf16& element : keys[slot].elements) {
        element = from_float<bf16>(used[slot] ? uniform(generator) : kNaN);
      }
    }
    return keys;
  }

  HostArray cache(const PagedAttentionProblem& p, const std::vector<bool>& used, int width,
                  std::mt19937& generator) const {
    std::uniform_real_distribution<float> uniform(-1, 1);
    const std::int64_t row = std::int64_t{p.kv_heads} * width;
    return {dtype(), static_cast<std::int64_t>(used.size()) * row, [&](std::int64_t i) {
              const float x = uniform(generator);
              return used[i / row] ? x : std::numeric_limits<float>::quiet_NaN();
            }};
  }
};

TEST_P(PagedAttentionTest, Decode) {
  for (const int page : {1, 16, 64}) {
    check({.batch = 3, .kv_len = 133, .page = page, .q_heads = 6, .kv_heads = 3, .ragged = true});
  }
  for (const int page : {1, 16, 64}) {
    check({.batch = 2, .kv_len = 203, .page = page, .q_heads = 24, .kv_heads = 2, .ragged = true});
  }
  check({.kv_len = 150, .page = 16, .q_heads = 70, .kv_heads = 7, .head_dim = 256});
  check({.kv_len = 1, .page = 16, .head_dim = 64});
  check({.batch = 2, .kv_len = 64, .q_heads = 40, .kv_heads = 2, .head_dim = 64});
}

TEST_P(PagedAttentionTest, Prefill) {
  for (const int page : {1, 16, 64}) {
    check({.batch = 2,
           .q_len = 37,
           .kv_len = 101,
           .page = page,
           .q_heads = 4,
           .kv_heads = 2,
           .causal = true,
           .ragged = true});
  }
  check({.q_len = 20, .kv_len = 150, .page = 16, .head_dim = 64});
}

TEST_P(PagedAttentionTest, HeadDimensions) {
  for (const int q_len : {1, 19}) {
    check({.q_len = q_len, .kv_len = 70, .q_heads = 2, .kv_heads = 2, .head_dim = 64});
    check({.q_len = q_len, .kv_len = 70, .q_heads = 2, .head_dim = 256, .causal = true});
    check({.q_len = q_len,
           .kv_len = 70,
           .q_heads = 2,
           .kv_heads = 2,
           .head_dim = 192,
           .value_dim = 128,
           .causal = true});
  }
}

// Steps begin at any key of a page, and a query's window at another than that of the next.
TEST_P(PagedAttentionTest, Windows) {
  for (const int page : {1, 16, 64}) {
    check({.batch = 2, .kv_len = 333, .page = page, .q_heads = 2, .window = 128, .ragged = true});
    check({.q_len = 90, .kv_len = 200, .page = page, .q_heads = 2, .causal = true, .window = 21});
  }
  check({.q_len = 9, .kv_len = 200, .q_heads = 2, .causal = true, .window = 1});
  check({.kv_len = 20, .window = 128});
}

TEST_P(PagedAttentionTest, Sinks) {
  check({.batch = 2, .kv_len = 130, .q_heads = 6, .kv_heads = 3, .sinks = true});
  check({.q_len = 30,
         .kv_len = 60,
         .page = 16,
         .q_heads = 4,
         .kv_heads = 2,
         .causal = true,
         .sinks = true,
         .window = 16});
}

// The first q_len − kv_len queries see no key: their rows are zeros, and −∞ is the log-sum-exp.
TEST_P(PagedAttentionTest, QueriesWithoutKeys) {
  check({.q_len = 40, .kv_len = 5, .q_heads = 2, .causal = true});
  check({.q_len = 7, .kv_len = 5, .q_heads = 2, .causal = true, .sinks = true});
}

// More workers than tiles: the keys are split.
TEST_P(PagedAttentionTest, SplitKeys) {
  check({.kv_len = 3001, .page = 16, .q_heads = 8, .head_dim = 64, .sinks = true});
  check({.q_len = 30, .kv_len = 1000, .head_dim = 64, .causal = true, .window = 500});
}

TEST_P(PagedAttentionTest, Latent) {
  check_latent({.latent = true, .page = kLatentPage, .head_dim = kLatentDim});
}

TEST_P(PagedAttentionTest, LatentInCodes) {
  check_latent({.code = Code::e4m3, .latent = true, .page = kLatentPage, .head_dim = kLatentDim});
}

// Lists of several queries, some shorter than they may be and some empty.
TEST_P(PagedAttentionTest, Lists) {
  PagedAttentionProblem p{
      .latent = true, .top = 1, .page = 1, .q_heads = 1, .head_dim = kLatentDim};
  check(p);
  p.q_heads = 16;
  p.kv_len = 300;
  for (const int top : {70, 300, 400}) {
    p.batch = 2;
    p.q_len = 3;
    p.top = top;
    p.ragged = true;
    check(p);
  }
  p.kv_len = 2;
  p.q_len = 5;
  check(p);
}

INSTANTIATE_TEST_SUITE_P(Cpu, PagedAttentionTest,
                         ::testing::Combine(::testing::ValuesIn(kHalves),
                                            ::testing::Values(1, 2, 5)),
                         configuration_name);

}  // namespace
}  // namespace moat::testing
