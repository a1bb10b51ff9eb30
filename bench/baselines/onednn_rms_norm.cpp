// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/onednn_rms_norm.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/baselines/onednn_api.hpp"

namespace moat::onednn {
namespace {

// Elements of a chunk, per thread, as f32.
constexpr std::int64_t kChunkBytes = 1 << 18;

dnnl::memory::desc matrix(DType t, std::int64_t rows, std::int64_t cols) {
  return strided(data_type(t), {rows, cols}, {cols, 1});
}

LayerNorm::primitive_desc measuring(const dnnl::engine& engine, const RowsProblem& p,
                                    std::int64_t rows) {
  return layer_norm(engine, dnnl::prop_kind::forward_training, matrix(p.dtype, rows, p.cols),
                    p.epsilon, dnnl::normalization_flags::none);
}

LayerNorm::primitive_desc scaling(const dnnl::engine& engine, const RowsProblem& p,
                                  std::int64_t rows) {
  return layer_norm(
      engine, dnnl::prop_kind::forward_inference, matrix(p.dtype, rows, p.cols), p.epsilon,
      dnnl::normalization_flags::use_global_stats | dnnl::normalization_flags::use_scale);
}

// RMSNorm of a fixed number of rows.
class Rows {
 public:
  Rows(const dnnl::engine& engine, const RowsProblem& p, std::int64_t rows)
      : measure_(measuring(engine, p, rows)),
        scale_(scaling(engine, p, rows)),
        means_(static_cast<std::size_t>(rows)),
        variances_(means_.size()),
        zeros_(means_.size()),
        x_(matrix(p.dtype, rows, p.cols), engine, nullptr),
        y_(matrix(p.dtype, rows, p.cols), engine, nullptr),
        mean_(strided(dnnl::memory::data_type::f32, {rows}, {1}), engine, means_.data()),
        variance_(mean_.get_desc(), engine, variances_.data()),
        zero_(mean_.get_desc(), engine, zeros_.data()) {}

  void run(dnnl::stream& stream, const void* x, void* y, const dnnl::memory& weight) {
    x_.set_data_handle(const_cast<void*>(x));
    y_.set_data_handle(y);
    measure_.execute(stream, {{DNNL_ARG_SRC, x_},
                              {DNNL_ARG_DST, y_},
                              {DNNL_ARG_MEAN, mean_},
                              {DNNL_ARG_VARIANCE, variance_}});
    stream.wait();
    for (std::size_t i = 0; i < means_.size(); ++i) variances_[i] += means_[i] * means_[i];
    scale_.execute(stream, {{DNNL_ARG_SRC, x_},
                            {DNNL_ARG_DST, y_},
                            {DNNL_ARG_MEAN, zero_},
                            {DNNL_ARG_VARIANCE, variance_},
                            {DNNL_ARG_SCALE, weight}});
  }

 private:
  LayerNorm measure_, scale_;
  std::vector<float> means_, variances_, zeros_;
  dnnl::memory x_, y_, mean_, variance_, zero_;
};

// The weights as oneDNN takes them, in f32.
class Weights {
 public:
  Weights(const dnnl::engine& engine, const RowsProblem& p)
      : given_(strided(data_type(p.dtype), {p.cols}, {1}), engine, nullptr) {
    if (p.dtype == DType::f32) return;
    wide_ = dnnl::memory(strided(dnnl::memory::data_type::f32, {p.cols}, {1}), engine);
    widen_ = dnnl::reorder(given_, wide_);
  }

  const dnnl::memory& set(dnnl::stream& stream, const void* weight) {
    given_.set_data_handle(const_cast<void*>(weight));
    if (!widen_) return given_;
    widen_.execute(stream, given_, wide_);
    return wide_;
  }

 private:
  dnnl::memory given_, wide_;
  dnnl::reorder widen_;
};

#if MOAT_ONEDNN(3, 9)
// RMSNorm of the library itself, with weights in f32: for those in bf16 3.13 has reference code.
// Empty if it has nothing better.
LayerNorm::primitive_desc whole(const dnnl::engine& engine, const RowsProblem& p) {
  const auto desc = layer_norm(
      engine, dnnl::prop_kind::forward_inference, matrix(p.dtype, p.rows, p.cols), p.epsilon,
      dnnl::normalization_flags::rms_norm | dnnl::normalization_flags::use_scale);
  if (desc && std::string_view(desc.impl_info_str()).find("ref") == std::string_view::npos) {
    return desc;
  }
  return {};
}

class Whole {
 public:
  Whole(const dnnl::engine& engine, const RowsProblem& p, const LayerNorm::primitive_desc& desc)
      : stream_(engine),
        weights_(engine, p),
        norm_(desc),
        x_(matrix(p.dtype, p.rows, p.cols), engine, nullptr),
        y_(matrix(p.dtype, p.rows, p.cols), engine, nullptr) {}

  void run(const RowsProblem& p) {
    x_.set_data_handle(const_cast<void*>(p.x));
    y_.set_data_handle(p.y);
    const dnnl::memory& weight = weights_.set(stream_, p.weight);
    norm_.execute(stream_, {{DNNL_ARG_SRC, x_}, {DNNL_ARG_DST, y_}, {DNNL_ARG_SCALE, weight}});
    stream_.wait();
  }

 private:
  dnnl::stream stream_;
  Weights weights_;
  LayerNorm norm_;
  dnnl::memory x_, y_;
};
#endif

}  // namespace

std::function<void(const Problem&)> prepare_rms_norm(const dnnl::engine& engine,
                                                     const RowsProblem& p, int threads) {
#if MOAT_ONEDNN(3, 9)
  if (const auto desc = whole(engine, p)) {
    return [norm = std::make_shared<Whole>(engine, p, desc)](const Problem& problem) {
      norm->run(std::get<RowsProblem>(problem));
    };
  }
#endif
  const std::int64_t fitting =
      std::max<std::int64_t>(kChunkBytes / (std::int64_t{p.cols} * 4), 1) * threads;
  const std::int64_t chunk = std::min<std::int64_t>(fitting, p.rows);
  const std::int64_t rest = p.rows % chunk;
  struct State {
    dnnl::stream stream;
    Weights weights;
    Rows whole;
    std::unique_ptr<Rows> rest;
  };
  auto state = std::make_shared<State>(
      State{.stream = dnnl::stream(engine),
            .weights = Weights(engine, p),
            .whole = Rows(engine, p, chunk),
            .rest = rest != 0 ? std::make_unique<Rows>(engine, p, rest) : nullptr});
  return [state, chunk](const Problem& problem) {
    const auto& q = std::get<RowsProblem>(problem);
    const dnnl::memory& weight = state->weights.set(state->stream, q.weight);
    for (std::int64_t row = 0; row < q.rows; row += chunk) {
      const auto offset = static_cast<std::size_t>(row) * q.cols * size_of(q.dtype);
      Rows& rows = row + chunk <= q.rows ? state->whole : *state->rest;
      rows.run(state->stream, static_cast<const std::byte*>(q.x) + offset,
               static_cast<std::byte*>(q.y) + offset, weight);
    }
    state->stream.wait();
  };
}

std::string rms_norm_kernel(const dnnl::engine& engine, const RowsProblem& p) {
#if MOAT_ONEDNN(3, 9)
  if (const auto desc = whole(engine, p)) return desc.impl_info_str();
#endif
  const std::string measure = measuring(engine, p, p.rows).impl_info_str();
  return measure + " + " + scaling(engine, p, p.rows).impl_info_str();
}

}  // namespace moat::onednn
