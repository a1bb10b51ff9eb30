// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cudnn_attention.hpp"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>
#include <utility>

namespace moat::cudnn {
namespace {

Element element_of(DType t) {
  switch (t) {
    case DType::f16:
      return Element::f16;
    case DType::bf16:
      return Element::bf16;
    case DType::f32:
      return Element::f32;
  }
  throw std::logic_error("no row of the table of types");
}

class Builder {
 public:
  explicit Builder(const AttentionProblem& p)
      : rows_{p.batch, p.q_heads, p.q_len, 1},
        scores_{p.batch, p.q_heads, p.q_len, p.kv_len},
        element_(element_of(p.dtype)) {}

  // A tensor [batch][rows][heads][columns] in memory.
  std::size_t argument(std::int64_t batch, std::int64_t heads, std::int64_t rows,
                       std::int64_t columns) {
    return tensor({.element = element_,
                   .place = Place::argument,
                   .sizes = {batch, heads, rows, columns},
                   .strides = {rows * heads * columns, columns, heads * columns, 1}});
  }

  // The same with rows and columns exchanged: K's transpose is what Q is multiplied by.
  std::size_t transposed_argument(std::int64_t batch, std::int64_t heads, std::int64_t rows,
                                  std::int64_t columns) {
    const std::size_t t = argument(batch, heads, rows, columns);
    std::swap(graph.tensors[t].sizes[2], graph.tensors[t].sizes[3]);
    std::swap(graph.tensors[t].strides[2], graph.tensors[t].strides[3]);
    return t;
  }

  std::size_t constant(float value) { return scalar(Element::f32, value); }
  std::size_t constant(std::int32_t value) { return scalar(Element::i32, value); }

  // An operation with one value for each score, or for each row of them.
  std::size_t scores(Op op, std::vector<std::size_t> inputs, Element element = Element::f32) {
    return internal(op, std::move(inputs), element, scores_);
  }
  std::size_t rows(Op op, std::vector<std::size_t> inputs) {
    return internal(op, std::move(inputs), Element::f32, rows_);
  }

  Element element() const { return element_; }

  Graph graph;

 private:
  std::size_t tensor(Tensor t) {
    graph.tensors.push_back(t);
    return graph.tensors.size() - 1;
  }

  template <class T>
  std::size_t scalar(Element element, T value) {
    return tensor({.element = element,
                   .place = Place::constant,
                   .sizes = {1, 1, 1, 1},
                   .strides = {1, 1, 1, 1},
                   .value = value});
  }

  std::size_t internal(Op op, std::vector<std::size_t> inputs, Element element,
                       const Extents& sizes) {
    const std::size_t output =
        tensor({.element = element,
                .place = Place::internal,
                .sizes = sizes,
                .strides = {sizes[1] * sizes[2] * sizes[3], sizes[2] * sizes[3], sizes[3], 1}});
    graph.operations.push_back({op, std::move(inputs), output});
    return output;
  }

  Extents rows_, scores_;
  Element element_;
};

}  // namespace

std::optional<std::string> inexpressible(const AttentionProblem& p) {
  if (p.dtype != DType::f16 && p.dtype != DType::bf16) {
    return fmt::format("NVIDIA documents cuDNN's fused attention for f16 and bf16, not for {}",
                       name_of(p.dtype));
  }
  if (p.causal && p.q_len > p.kv_len) {
    return "cuDNN's fused attention gives no zeros for queries that see no key, as a causal mask "
           "with more queries than keys has them";
  }
  return std::nullopt;
}

Graph attention_graph(const AttentionProblem& p) {
  Builder b(p);
  const std::size_t q = b.argument(p.batch, p.q_heads, p.q_len, p.head_dim);
  const std::size_t k = b.transposed_argument(p.batch, p.kv_heads, p.kv_len, p.head_dim);
  const std::size_t v = b.argument(p.batch, p.kv_heads, p.kv_len, p.head_dim);
  const std::size_t o = b.argument(p.batch, p.q_heads, p.q_len, p.head_dim);

  std::size_t s = b.scores(Op::matrix_product, {q, k});
  s = b.scores(Op::multiply, {s, b.constant(p.scale)});
  // A single query is the last one, which sees every key.
  if (p.causal && p.q_len > 1) {
    std::size_t last_key = b.scores(Op::row_index, {s}, Element::i32);
    const std::size_t key = b.scores(Op::column_index, {s}, Element::i32);
    if (p.kv_len != p.q_len) {
      // In two steps, as the library's engines expect a mask that ends at the last key.
      last_key = b.scores(Op::add, {last_key, b.constant(p.kv_len)}, Element::i32);
      last_key = b.scores(Op::subtract, {last_key, b.constant(p.q_len)}, Element::i32);
    }
    const std::size_t visible = b.scores(Op::at_least, {last_key, key}, Element::boolean);
    s = b.scores(Op::select, {s, b.constant(-std::numeric_limits<float>::infinity()), visible});
  }
  const std::size_t top = b.rows(Op::row_max, {s});
  const std::size_t weight = b.scores(Op::exponential, {b.scores(Op::subtract, {s, top})});
  const std::size_t sum = b.rows(Op::row_sum, {weight});
  // Nothing reads it, but the engines recognise a softmax by its logarithm.
  b.rows(Op::add, {top, b.rows(Op::logarithm, {sum})});
  const std::size_t p_ij = b.scores(Op::divide, {weight, sum}, b.element());
  b.graph.operations.push_back({Op::matrix_product, {p_ij, v}, o});
  return std::move(b.graph);
}

}  // namespace moat::cudnn
