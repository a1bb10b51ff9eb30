// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/onednn_attention.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bench/baselines/onednn_api.hpp"

namespace moat::onednn {
namespace {

// Key heads of one call: the fewest that give every thread one, so that scores stay in the cache.
int heads_per_call(int kv_heads, int threads) {
  int heads = 1;
  while (heads < kv_heads && (heads < threads || kv_heads % heads != 0)) ++heads;
  return heads;
}

// 0 where a query sees the key and −∞ elsewhere.
std::vector<float> causal_mask(int q_len, int kv_len) {
  std::vector<float> mask(static_cast<std::size_t>(q_len) * kv_len, 0.0f);
  for (int i = 0; i < q_len; ++i) {
    for (int j = i + kv_len - q_len + 1; j < kv_len; ++j) {
      mask[static_cast<std::size_t>(i) * kv_len + j] = -std::numeric_limits<float>::infinity();
    }
  }
  return mask;
}

dnnl::memory::desc mask_desc(const AttentionProblem& p) {
  const std::int64_t size = std::int64_t{p.q_len} * p.kv_len;
  return strided(dnnl::memory::data_type::f32, {1, 1, p.q_len, p.kv_len},
                 {size, size, p.kv_len, 1});
}

// What calls keep: primitives, scratch for S and P, and views whose addresses every call sets.
class Attention {
 public:
  Attention(const dnnl::engine& engine, const AttentionProblem& p, const AttentionChain& chain)
      : chain_(chain),
        stream_(engine),
        scores_(chain.scores),
        softmax_(chain.softmax.get()),
        values_(chain.values),
        q_(chain.scores.src_desc(), engine, nullptr),
        k_(chain.scores.weights_desc(), engine, nullptr),
        s_(chain.scores.dst_desc(), engine),
        v_(chain.values.weights_desc(), engine, nullptr),
        o_(chain.values.dst_desc(), engine, nullptr) {
    if (chain.narrow) {
      narrow_ = dnnl::primitive(chain.narrow.get());
      p_ = dnnl::memory(chain.values.src_desc(), engine);
    } else {
      p_ = s_;
    }
    if (chain.masked) {
      mask_values_ = causal_mask(p.q_len, p.kv_len);
      mask_ = dnnl::memory(mask_desc(p), engine, mask_values_.data());
    }
  }

  void run(const AttentionProblem& p) {
    const std::size_t size = size_of(p.dtype);
    const int group = p.q_heads / p.kv_heads;
    const auto at = [size](const void* data, std::int64_t element) {
      auto* bytes = static_cast<std::byte*>(const_cast<void*>(data));
      return static_cast<void*>(bytes + static_cast<std::size_t>(element) * size);
    };
    for (int batch = 0; batch < p.batch; ++batch) {
      for (int head = 0; head < p.kv_heads; head += chain_.heads) {
        const std::int64_t kv_head = std::int64_t{batch} * p.kv_len * p.kv_heads + head;
        k_.set_data_handle(at(p.k, kv_head * p.head_dim));
        v_.set_data_handle(at(p.v, kv_head * p.head_dim));
        for (int member = 0; member < chain_.members; ++member) {
          const std::int64_t q_head =
              std::int64_t{batch} * p.q_len * p.q_heads + std::int64_t{head} * group + member;
          q_.set_data_handle(at(p.q, q_head * p.head_dim));
          o_.set_data_handle(at(p.o, q_head * p.head_dim));
          solve();
        }
      }
    }
    stream_.wait();
  }

 private:
  void solve() {
    std::unordered_map<int, dnnl::memory> score_args{
        {DNNL_ARG_SRC, q_}, {DNNL_ARG_WEIGHTS, k_}, {DNNL_ARG_DST, s_}};
    if (chain_.masked) {
      score_args.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(1) | DNNL_ARG_SRC_1, mask_);
    }
    scores_.execute(stream_, score_args);
    softmax_.execute(stream_, {{DNNL_ARG_SRC, s_}, {DNNL_ARG_DST, s_}});
    if (narrow_) narrow_.execute(stream_, {{DNNL_ARG_FROM, s_}, {DNNL_ARG_TO, p_}});
    values_.execute(stream_, {{DNNL_ARG_SRC, p_}, {DNNL_ARG_WEIGHTS, v_}, {DNNL_ARG_DST, o_}});
  }

  AttentionChain chain_;
  dnnl::stream stream_;
  dnnl::primitive scores_, softmax_, narrow_, values_;
  dnnl::memory q_, k_, s_, v_, o_, p_, mask_;
  std::vector<float> mask_values_;
};

}  // namespace

std::string AttentionChain::kernel() const {
  std::string names = scores.impl_info_str();
  for (const dnnl::primitive_desc_base* part :
       std::initializer_list<const dnnl::primitive_desc_base*>{&softmax, &narrow, &values}) {
    if (*part) names += std::string(" + ") + part->impl_info_str();
  }
  return names;
}

AttentionChain attention_chain(const dnnl::engine& engine, const AttentionProblem& p, int threads) {
  const bool packed = p.q_len == 1;
  const std::int64_t d = p.head_dim;
  const std::int64_t group = p.q_heads / p.kv_heads;
  const std::int64_t rows = packed ? group : p.q_len;
  const std::int64_t kv_row = p.kv_heads * d;
  const auto type = data_type(p.dtype);

  AttentionChain chain;
  chain.heads = heads_per_call(p.kv_heads, threads);
  chain.rows = static_cast<int>(rows);
  chain.members = packed ? 1 : static_cast<int>(group);
  chain.masked = p.causal && !packed;

  // One batch at a time. Of the ways to describe the stack, four dimensions with a batch of one is
  // the one for which oneDNN 2.6 has fast products with a mask that the heads share.
  // The batch's own stride is what it is in memory though there is one: 3.13 takes a smaller one
  // for another layout, and multiplies wrongly.
  const std::int64_t q_batch = std::int64_t{p.q_len} * p.q_heads * d;
  const std::int64_t kv_batch = p.kv_len * kv_row;
  const dnnl::memory::dims query_dims{1, chain.heads, rows, d};
  const dnnl::memory::dims query_strides{q_batch, group * d, packed ? d : p.q_heads * d, 1};
  const dnnl::memory::dims score_dims{1, chain.heads, rows, p.kv_len};
  const dnnl::memory::dims score_strides{chain.heads * rows * p.kv_len, rows * p.kv_len, p.kv_len,
                                         1};
  const auto q = strided(type, query_dims, query_strides);
  const auto k = strided(type, {1, chain.heads, d, p.kv_len}, {kv_batch, d, 1, kv_row});
  const auto v = strided(type, {1, chain.heads, p.kv_len, d}, {kv_batch, d, kv_row, 1});
  const auto scores = strided(dnnl::memory::data_type::f32, score_dims, score_strides);
  const auto weights = strided(type, score_dims, score_strides);

  dnnl::post_ops operations;
  append_scale(operations, p.scale);
  if (chain.masked) operations.append_binary(dnnl::algorithm::binary_add, mask_desc(p));
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(operations);
  chain.scores = matmul(engine, q, k, scores, attributes);
  chain.softmax = softmax(engine, scores, scores, 4);
  if (p.dtype != DType::f32) {
    chain.narrow = dnnl::reorder::primitive_desc(engine, scores, engine, weights);
  }
  chain.values = matmul(engine, weights, v, q);
  return chain;
}

std::function<void(const Problem&)> prepare_attention(const dnnl::engine& engine,
                                                      const AttentionProblem& p, int threads) {
  auto attention = std::make_shared<Attention>(engine, p, attention_chain(engine, p, threads));
  return
      [attention](const Problem& problem) { attention->run(std::get<AttentionProblem>(problem)); };
}

}  // namespace moat::onednn
