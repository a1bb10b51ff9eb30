// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/onednn_softmax.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "bench/baselines/onednn_api.hpp"

namespace moat::onednn {
namespace {

// f32 results of a chunk, per thread.
constexpr std::int64_t kChunkBytes = 1 << 20;

dnnl::memory::desc matrix(DType t, std::int64_t rows, std::int64_t cols) {
  return strided(data_type(t), {rows, cols}, {cols, 1});
}

// Softmax of a fixed number of rows.
class Rows {
 public:
  Rows(const dnnl::engine& engine, DType t, std::int64_t rows, std::int64_t cols)
      : softmax_(softmax(engine, matrix(t, rows, cols), matrix(DType::f32, rows, cols), 2)),
        x_(matrix(t, rows, cols), engine, nullptr),
        y_(matrix(t, rows, cols), engine, nullptr) {
    if (t == DType::f32) return;
    wide_ = dnnl::memory(matrix(DType::f32, rows, cols), engine);
    narrow_ = dnnl::reorder(wide_, y_);
  }

  void run(dnnl::stream& stream, const void* x, void* y) {
    x_.set_data_handle(const_cast<void*>(x));
    y_.set_data_handle(y);
    if (!narrow_) {
      softmax_.execute(stream, {{DNNL_ARG_SRC, x_}, {DNNL_ARG_DST, y_}});
      return;
    }
    softmax_.execute(stream, {{DNNL_ARG_SRC, x_}, {DNNL_ARG_DST, wide_}});
    narrow_.execute(stream, wide_, y_);
  }

 private:
  dnnl::primitive softmax_;
  dnnl::reorder narrow_;
  dnnl::memory x_, y_, wide_;
};

}  // namespace

std::function<void(const Problem&)> prepare_softmax(const dnnl::engine& engine,
                                                    const RowsProblem& p, int threads) {
  const std::int64_t row_bytes = std::int64_t{p.cols} * 4;
  const std::int64_t fitting = std::max<std::int64_t>(kChunkBytes / row_bytes, 1) * threads;
  const std::int64_t chunk =
      p.dtype == DType::f32 ? p.rows : std::min<std::int64_t>(fitting, p.rows);
  const std::int64_t rest = p.rows % chunk;
  struct State {
    dnnl::stream stream;
    Rows whole;
    std::unique_ptr<Rows> rest;
  };
  auto state = std::make_shared<State>(
      State{.stream = dnnl::stream(engine),
            .whole = Rows(engine, p.dtype, chunk, p.cols),
            .rest = rest != 0 ? std::make_unique<Rows>(engine, p.dtype, rest, p.cols) : nullptr});
  return [state, chunk](const Problem& problem) {
    const auto& q = std::get<RowsProblem>(problem);
    for (std::int64_t row = 0; row < q.rows; row += chunk) {
      const auto offset = static_cast<std::size_t>(row) * q.cols * size_of(q.dtype);
      Rows& rows = row + chunk <= q.rows ? state->whole : *state->rest;
      rows.run(state->stream, static_cast<const std::byte*>(q.x) + offset,
               static_cast<std::byte*>(q.y) + offset);
    }
    state->stream.wait();
  };
}

std::string softmax_kernel(const dnnl::engine& engine, const RowsProblem& p) {
  const auto rows = matrix(p.dtype, p.rows, p.cols);
  const auto wide = matrix(DType::f32, p.rows, p.cols);
  std::string name = softmax(engine, rows, wide, 2).impl_info_str();
  if (p.dtype != DType::f32) {
    name += " + ";
    name += dnnl::reorder::primitive_desc(engine, wide, engine, rows).impl_info_str();
  }
  return name;
}

}  // namespace moat::onednn
