// SPDX-License-Identifier: Apache-2.0
// The graph of attention that cuDNN is told, computed as its operations are defined.
#include "bench/baselines/cudnn_attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/cases/case.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/verify.hpp"
#include "tests/bench/baselines/named_device.hpp"

namespace moat::cudnn {
namespace {

std::int64_t offset(const Extents& at, const Extents& strides) {
  std::int64_t sum = 0;
  for (std::size_t d = 0; d < at.size(); ++d) sum += at[d] * strides[d];
  return sum;
}

template <class F>
void each(const Extents& sizes, const F& f) {
  Extents i{};
  for (i[0] = 0; i[0] < sizes[0]; ++i[0]) {
    for (i[1] = 0; i[1] < sizes[1]; ++i[1]) {
      for (i[2] = 0; i[2] < sizes[2]; ++i[2]) {
        for (i[3] = 0; i[3] < sizes[3]; ++i[3]) f(i);
      }
    }
  }
}

// Solves a graph on the host. What is between two operations is kept in the type that the graph
// gives it.
template <class T>
class Interpreter {
 public:
  Interpreter(const Graph& graph, const AttentionProblem& p)
      : graph_(graph), values_(graph.tensors.size()), o_(static_cast<T*>(p.o)) {
    arguments_[kQuery] = static_cast<const T*>(p.q);
    arguments_[kKey] = static_cast<const T*>(p.k);
    arguments_[kValue] = static_cast<const T*>(p.v);
  }

  void run() {
    for (const Operation& o : graph_.operations) {
      const Tensor& y = graph_.tensors[o.output];
      if (y.place == Place::internal) {
        std::int64_t end = 1;
        each(y.sizes, [&](const Extents& i) { end = std::max(end, offset(i, y.strides) + 1); });
        values_[o.output].assign(static_cast<std::size_t>(end), NAN);
      }
      each(y.sizes, [&](const Extents& i) { store(o.output, i, value(o, i)); });
    }
  }

 private:
  double load(std::size_t tensor, Extents i) const {
    const Tensor& t = graph_.tensors[tensor];
    for (std::size_t d = 0; d < i.size(); ++d) {
      if (t.sizes[d] == 1) i[d] = 0;
      EXPECT_LT(i[d], t.sizes[d]) << "tensor " << tensor << ", dimension " << d;
    }
    const std::int64_t at = offset(i, t.strides);
    switch (t.place) {
      case Place::argument:
        return to_float(arguments_[tensor][at]);
      case Place::constant:
        return std::visit([](auto v) { return static_cast<double>(v); }, t.value);
      case Place::internal:
        break;
    }
    return values_[tensor].at(static_cast<std::size_t>(at));
  }

  void store(std::size_t tensor, const Extents& i, double value) {
    const Tensor& t = graph_.tensors[tensor];
    const std::int64_t at = offset(i, t.strides);
    if (t.element == Element::f32) {
      value = static_cast<float>(value);
    } else if (t.element == Element::i32 || t.element == Element::boolean) {
      EXPECT_EQ(value, std::trunc(value));
    } else {
      value = to_float(from_float<T>(static_cast<float>(value)));
    }
    if (t.place == Place::argument) {
      ASSERT_EQ(tensor, kOutput);
      o_[at] = from_float<T>(static_cast<float>(value));
    } else {
      values_[tensor].at(static_cast<std::size_t>(at)) = value;
    }
  }

  double value(const Operation& o, const Extents& i) const {
    const auto in = [&](std::size_t n) { return load(o.inputs.at(n), i); };
    switch (o.op) {
      case Op::matrix_product:
        return product(o.inputs.at(0), o.inputs.at(1), i);
      case Op::add:
        return in(0) + in(1);
      case Op::subtract:
        return in(0) - in(1);
      case Op::multiply:
        return in(0) * in(1);
      case Op::divide:
        return in(0) / in(1);
      case Op::exponential:
        return std::exp(in(0));
      case Op::logarithm:
        return std::log(in(0));
      case Op::row_index:
        return static_cast<double>(i[2]);
      case Op::column_index:
        return static_cast<double>(i[3]);
      case Op::at_least:
        return in(0) >= in(1);
      case Op::select:
        return in(2) != 0 ? in(0) : in(1);
      case Op::row_max:
      case Op::row_sum:
        return over_row(o, i);
    }
    return NAN;
  }

  double product(std::size_t a, std::size_t b, const Extents& i) const {
    const Extents& first = graph_.tensors[a].sizes;
    const Extents& second = graph_.tensors[b].sizes;
    EXPECT_EQ(first[3], second[2]);
    double sum = 0;
    for (std::int64_t k = 0; k < first[3]; ++k) {
      sum +=
          load(a, {i[0], i[1], i[2], k}) * load(b, {i[0], i[1] / (first[1] / second[1]), k, i[3]});
    }
    return sum;
  }

  double over_row(const Operation& o, Extents i) const {
    double result = o.op == Op::row_max ? -INFINITY : 0;
    for (i[3] = 0; i[3] < graph_.tensors[o.inputs.at(0)].sizes[3]; ++i[3]) {
      const double x = load(o.inputs[0], i);
      result = o.op == Op::row_max ? std::max(result, x) : result + x;
    }
    return result;
  }

  const Graph& graph_;
  std::vector<std::vector<double>> values_;
  std::array<const T*, kArguments> arguments_{};
  T* o_;
};

Check check(const AttentionProblem& shape, const Graph& graph) {
  NamedDevice device("cuda");
  const Inputs inputs(shape, 11);
  const Verifier verifier(inputs);
  Operands operands(device, inputs);
  return verify(device, operands, 0, inputs, verifier, [&](const Problem& problem) {
    const auto& p = std::get<AttentionProblem>(problem);
    if (p.dtype == DType::f16) {
      Interpreter<f16>(graph, p).run();
    } else {
      Interpreter<bf16>(graph, p).run();
    }
  });
}

class AttentionGraph : public testing::TestWithParam<const char*> {};

TEST_P(AttentionGraph, IsAttention) {
  const auto p = std::get<AttentionProblem>(parse_case(GetParam()));
  ASSERT_EQ(inexpressible(p), std::nullopt);
  const Check c = check(p, attention_graph(p));
  EXPECT_TRUE(c.passed) << c.message;
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AttentionGraph,
    testing::Values("attention/f16/b1q5kv5h1hkv1d64", "attention/bf16/b2q7kv9h6hkv2d64",
                    "attention/f16/b2q9kv7h4hkv4d128", "attention/f16/b2q6kv6h4hkv2d64causal",
                    "attention/bf16/b2q3kv11h4hkv1d128causal", "attention/f16/b3q1kv13h8hkv2d64",
                    "attention/bf16/b1q1kv10h4hkv4d128causal"));

// What the check sees, so that it could see a wrong graph.
TEST(AttentionGraphOfCudnn, ChecksSeeEachMistake) {
  const AttentionProblem p{.dtype = DType::f16,
                           .batch = 2,
                           .q_heads = 4,
                           .kv_heads = 2,
                           .q_len = 3,
                           .kv_len = 8,
                           .causal = true,
                           .scale = 0.3f};
  const Graph right = attention_graph(p);
  ASSERT_TRUE(check(p, right).passed);

  Graph g = right;
  std::swap(g.tensors[kQuery].strides[1], g.tensors[kQuery].strides[2]);
  EXPECT_FALSE(check(p, g).passed) << "heads and queries exchanged";

  AttentionProblem q = p;
  q.scale = 0.29f;
  EXPECT_FALSE(check(p, attention_graph(q)).passed) << "another scale";

  q = p;
  q.causal = false;
  EXPECT_FALSE(check(p, attention_graph(q)).passed) << "no mask";

  // Masks whose last query does not see the last key.
  g = right;
  for (Tensor& t : g.tensors) {
    if (t.value == decltype(t.value)(p.kv_len)) t.value = p.kv_len - 1;
  }
  EXPECT_FALSE(check(p, g).passed) << "the diagonal one key early";
  for (Tensor& t : g.tensors) {
    if (t.value == decltype(t.value)(p.kv_len - 1)) t.value = p.q_len;
  }
  EXPECT_FALSE(check(p, g).passed) << "the diagonal at the first key";
}

TEST(AttentionGraphOfCudnn, SaysWhatItCannotExpress) {
  AttentionProblem p{.dtype = DType::f32, .q_len = 8, .kv_len = 8};
  EXPECT_NE(inexpressible(p).value_or("").find("f32"), std::string::npos);
  p.dtype = DType::bf16;
  EXPECT_EQ(inexpressible(p), std::nullopt);
  p.causal = true;
  EXPECT_EQ(inexpressible(p), std::nullopt);
  p.q_len = 9;
  EXPECT_NE(inexpressible(p).value_or("").find("see no key"), std::string::npos);
}

}  // namespace
}  // namespace moat::cudnn
