// SPDX-License-Identifier: Apache-2.0
// Attention as the graph of tensors and operations that cuDNN's fused attention recognises, in
// terms of its own: what the library is told, without the library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "problems/attention.hpp"

namespace moat::cudnn {

enum class Element { f16, bf16, f32, i32, boolean };

enum class Place {
  argument,  // in the device's memory; a call gives the address
  constant,  // one value; a call gives it from the host's memory
  internal,  // between two operations of the fused kernel, in no memory
};

// Batch, head, row, column.
using Extents = std::array<std::int64_t, 4>;

struct Tensor {
  Element element;
  Place place;
  Extents sizes;
  Extents strides;                            // in elements
  std::variant<float, std::int32_t> value{};  // of a constant
};

// An input of size 1 in a dimension is repeated along it; in a product of matrices, consecutive
// heads of the first share one of the second.
enum class Op {
  matrix_product,  // a·b
  add,             // a + b
  subtract,        // a − b
  multiply,        // a · b, element by element
  divide,          // a / b
  exponential,     // exp(a)
  logarithm,       // ln(a)
  row_index,       // of each element of a
  column_index,
  at_least,  // a ≥ b
  select,    // c ? a : b
  row_max,   // of each row of a
  row_sum,
};

struct Operation {
  Op op;
  std::vector<std::size_t> inputs;  // indices of tensors: a, b, c
  std::size_t output;
};

// Operations in an order in which each one's inputs are there.
struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Operation> operations;
};

// Indices of the four arguments of an attention graph.
enum Argument : std::size_t { kQuery, kKey, kValue, kOutput, kArguments };

// Why the graph cannot express the problem; empty if it can.
std::optional<std::string> inexpressible(const AttentionProblem& p);

// The problem is expressible; its pointers are not read.
Graph attention_graph(const AttentionProblem& p);

}  // namespace moat::cudnn
