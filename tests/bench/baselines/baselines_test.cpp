// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/baselines.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/baselines/halves.hpp"
#include "bench/baselines/plain.hpp"
#include "bench/baselines/widened.hpp"
#include "problems/reference/attention.hpp"
#include "problems/reference/bound.hpp"
#include "problems/reference/gemm.hpp"
#include "problems/reference/reduction.hpp"
#include "problems/reference/rows.hpp"
#include "tests/bench/baselines/named_device.hpp"

namespace moat {
namespace {

using reference::Data;
using reference::Summation;

// Opened once: OpenBLAS cannot be loaded twice with different kernels.
const Baselines& all() {
  static NamedDevice device("cpu", 2);
  static const Baselines baselines = open_baselines(device);
  return baselines;
}

Baseline* find(const std::string& name) {
  for (const auto& b : all().found) {
    if (b->name() == name) return b.get();
  }
  return nullptr;
}

// Host memory of one problem's operands.
class Memory {
 public:
  void* random(DType t, std::size_t count) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    return with_dtype(t, [&]<class T>(Type<T>) -> void* {
      auto* x = static_cast<T*>(bytes(count * sizeof(T)));
      for (std::size_t i = 0; i < count; ++i) x[i] = from_float<T>(uniform(random_));
      return x;
    });
  }
  // NaN in every type.
  void* poisoned(std::size_t size) {
    void* p = bytes(size);
    std::memset(p, 0xff, size);
    return p;
  }

 private:
  void* bytes(std::size_t size) {
    owned_.push_back(std::make_unique<std::vector<double>>(size / sizeof(double) + 1));
    return owned_.back()->data();
  }

  std::mt19937 random_{7};
  std::vector<std::unique_ptr<std::vector<double>>> owned_;
};

double worst_error(const GemmProblem& p) {
  const auto want = reference::gemm(p);
  double worst = 0;
  for (int i = 0; i < p.m; ++i) {
    for (int j = 0; j < p.n; ++j) {
      const auto& c = want[std::size_t(i) * p.n + j];
      const double got = reference::read(p.c, p.dtype, i * (p.ldc ? p.ldc : p.n) + j);
      worst = std::max(worst, reference::error_over_bound(
                                  got, c.value, bound(p, c, Data::random_signs), p.dtype));
    }
  }
  return worst;
}

double worst_error(const AttentionProblem& p) {
  double worst = 0;
  for (int b = 0; b < p.batch; ++b) {
    for (int h = 0; h < p.q_heads; ++h) {
      for (int q = 0; q < p.q_len; ++q) {
        const auto row = reference::attention_row(p, b, h, q);
        for (int i = 0; i < p.head_dim; ++i) {
          const double got = reference::read(p.o, p.dtype, reference::index_query(p, b, h, q) + i);
          const double limit =
              bound(p, row.out[i], row.value_abs[i], row.logits, Data::random_signs);
          worst =
              std::max(worst, reference::error_over_bound(got, row.out[i].value, limit, p.dtype));
        }
      }
    }
  }
  return worst;
}

double worst_error(const RowsProblem& p) {
  double worst = 0;
  for (int r = 0; r < p.rows; ++r) {
    const auto check = [&](int i, double want, double limit) {
      const double got = reference::read(p.y, p.dtype, std::int64_t{r} * p.cols + i);
      worst = std::max(worst, reference::error_over_bound(got, want, limit, p.dtype));
    };
    if (p.op == RowsOp::rms_norm) {
      const auto want = reference::rms_norm_row(p, r);
      for (int i = 0; i < p.cols; ++i)
        check(i, want[i], bound(p, want[i], Summation::any_order, Data::random_signs));
    } else {
      const auto want = reference::softmax_row(p, r);
      for (int i = 0; i < p.cols; ++i) {
        check(i, want.y[i], bound(p, want.y[i], 2, 2, Summation::any_order, Data::random_signs));
      }
    }
  }
  return worst;
}

double worst_error(const ReductionProblem& p) {
  if (p.op == ReductionOp::sum) {
    const auto want = reference::sum(p);
    return reference::error_over_bound(
        *static_cast<const float*>(p.result), want.value,
        bound(p, want, reference::Summation::folded, Data::random_signs), DType::f32);
  }
  const auto peak = reference::max(p);
  const bool right = p.op == ReductionOp::max
                         ? *static_cast<const float*>(p.result) == peak.value
                         : *static_cast<const std::int64_t*>(p.result) == peak.index;
  return right ? 0 : INFINITY;
}

void fill(GemmProblem& p, Memory& memory) {
  const bool bt = p.order_b == Order::transposed;
  p.a = memory.random(p.dtype, std::size_t(p.m) * (p.lda ? p.lda : p.k));
  p.b = memory.random(p.dtype, bt ? std::size_t(p.n) * (p.ldb ? p.ldb : p.k)
                                  : std::size_t(p.k) * (p.ldb ? p.ldb : p.n));
  p.c = memory.poisoned(std::size_t(p.m) * (p.ldc ? p.ldc : p.n) * size_of(p.dtype));
}

void fill(AttentionProblem& p, Memory& memory) {
  const std::size_t queries = std::size_t(p.batch) * p.q_len * p.q_heads * p.head_dim;
  const std::size_t keys = std::size_t(p.batch) * p.kv_len * p.kv_heads * p.head_dim;
  p.q = memory.random(p.dtype, queries);
  p.k = memory.random(p.dtype, keys);
  p.v = memory.random(p.dtype, keys);
  p.o = memory.poisoned(queries * size_of(p.dtype));
}

void fill(RowsProblem& p, Memory& memory) {
  const std::size_t count = std::size_t(p.rows) * p.cols;
  p.x = memory.random(p.dtype, count);
  p.weight = memory.random(p.dtype, p.cols);
  p.y = memory.poisoned(count * size_of(p.dtype));
}

void fill(ReductionProblem& p, Memory& memory) {
  p.x = memory.random(p.dtype, p.n);
  p.result = memory.poisoned(8);
}

// Runs the baseline on two operand sets of one preparation, as a rotation does.
template <class P>
void expect_right(Baseline& baseline, const P& shape, const std::string& what) {
  const auto reason = baseline.unsupported(shape);
  ASSERT_FALSE(reason) << what << ": " << *reason;
  const auto run = baseline.prepare(shape);
  EXPECT_FALSE(baseline.kernel(shape).empty()) << what;
  for (int set = 0; set < 2; ++set) {
    Memory memory;
    P p = shape;
    fill(p, memory);
    run(p);
    EXPECT_LE(worst_error(p), 1) << what << ", " << baseline.kernel(shape) << ", set " << set;
  }
}

std::vector<GemmProblem> gemms(DType t) {
  std::vector<GemmProblem> shapes;
  for (const Order order : {Order::row_major, Order::transposed}) {
    for (const auto& [m, n, k] :
         {std::array{1, 1, 1}, {1, 300, 65}, {67, 1, 31}, {129, 130, 257}}) {
      shapes.push_back({.dtype = t, .m = m, .n = n, .k = k, .order_b = order});
    }
    shapes.push_back(
        {.dtype = t, .m = 33, .n = 47, .k = 65, .order_b = order, .lda = 80, .ldb = 96, .ldc = 51});
  }
  return shapes;
}

std::string shape_text(const GemmProblem& p) {
  return std::string(name_of(p.dtype)) + " " + std::to_string(p.m) + "x" + std::to_string(p.n) +
         "x" + std::to_string(p.k) + (p.order_b == Order::transposed ? " bt" : "");
}

TEST(Baselines, OtherBackendsHaveNone) {
  NamedDevice device("abacus");
  const Baselines none = open_baselines(device);
  EXPECT_TRUE(none.found.empty());
  EXPECT_TRUE(none.absent.empty());
}

TEST(Baselines, EveryOneIsFoundOrSaysWhyNot) {
  for (const std::string name : {"onednn", "openblas", "blis", "ggml", "plain"}) {
    const auto absent = std::ranges::find(all().absent, name, &AbsentBaseline::name);
    if (Baseline* b = find(name)) {
      EXPECT_FALSE(b->version().empty()) << name;
      EXPECT_FALSE(b->detail().empty()) << name;
      EXPECT_EQ(absent, all().absent.end()) << name;
    } else {
      ASSERT_NE(absent, all().absent.end()) << name;
      EXPECT_FALSE(absent->reason.empty()) << name;
    }
  }
}

TEST(OpenBlas, MultipliesMatrices) {
  Baseline* b = find("openblas");
  if (b == nullptr) GTEST_SKIP() << "OpenBLAS is absent";
  for (const auto& p : gemms(DType::f32)) expect_right(*b, p, shape_text(p));
}

TEST(Baselines, TakeProductsOfOneType) {
  for (const auto& b : all().found) {
    for (const GemmProblem& p : {GemmProblem{.dtype = DType::f32, .dtype_b = DType::bf16},
                                 GemmProblem{.dtype = DType::bf16, .dtype_b = DType::f32},
                                 GemmProblem{.dtype = DType::bf16, .dtype_c = DType::f32}}) {
      EXPECT_TRUE(b->unsupported(p)) << b->name();
      EXPECT_THROW(b->prepare(p), std::runtime_error) << b->name();
    }
  }
}

TEST(OpenBlas, SaysWhatItCannot) {
  Baseline* b = find("openblas");
  if (b == nullptr) GTEST_SKIP() << "OpenBLAS is absent";
  EXPECT_NE(b->unsupported(GemmProblem{.dtype = DType::bf16})->find("bf16"), std::string::npos);
  EXPECT_TRUE(b->unsupported(GemmProblem{.lda = std::int64_t{1} << 32}));
  EXPECT_TRUE(b->unsupported(RowsProblem{}));
  EXPECT_THROW(b->prepare(RowsProblem{}), std::runtime_error);
}

TEST(OneDnn, MultipliesMatrices) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  for (const DType t : kDTypes) {
    for (const auto& p : gemms(t)) {
      if (t != DType::f32 && b->unsupported(p)) {
        EXPECT_NE(b->unsupported(p)->find(name_of(t)), std::string::npos);
        EXPECT_THROW(b->prepare(p), std::runtime_error);
        continue;
      }
      expect_right(*b, p, shape_text(p));
    }
  }
}

TEST(OneDnn, ComputesSoftmax) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {64, 1000}, {5, 50257}}) {
      const RowsProblem p{.op = RowsOp::softmax, .dtype = t, .rows = rows, .cols = cols};
      if (t != DType::f32 && b->unsupported(p)) continue;
      expect_right(*b, p, "softmax " + std::string(name_of(t)) + " " + std::to_string(cols));
    }
  }
}

TEST(OneDnn, NormalisesRows) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  for (const DType t : {DType::f32, DType::bf16}) {
    // The last one has several chunks of rows and a rest.
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {9, 4096}, {101, 3000}}) {
      for (const float epsilon : {1e-6f, 0.5f}) {
        const RowsProblem p{
            .op = RowsOp::rms_norm, .dtype = t, .rows = rows, .cols = cols, .epsilon = epsilon};
        if (t != DType::f32 && b->unsupported(p)) continue;
        expect_right(*b, p, "RMSNorm " + std::string(name_of(t)) + " " + std::to_string(cols));
      }
    }
  }
}

// A mean far from 0 shows whether it was left out.
TEST(OneDnn, NormalisesRowsOfOneSign) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  Memory memory;
  RowsProblem p{.op = RowsOp::rms_norm, .rows = 5, .cols = 700};
  fill(p, memory);
  auto* x = static_cast<float*>(const_cast<void*>(p.x));
  for (int i = 0; i < p.rows * p.cols; ++i) x[i] = 3 + 0.01f * x[i];
  b->prepare(p)(p);
  EXPECT_LE(worst_error(p), 1);
}

TEST(OneDnn, ChainsAttention) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const bool causal : {false, true}) {
      for (const AttentionProblem& shape :
           {AttentionProblem{.batch = 2, .q_heads = 6, .kv_heads = 3, .q_len = 37, .kv_len = 53},
            AttentionProblem{
                .q_heads = 4, .kv_heads = 4, .q_len = 64, .kv_len = 64, .head_dim = 128},
            AttentionProblem{.q_heads = 1, .kv_heads = 1, .q_len = 5, .kv_len = 5},
            AttentionProblem{.batch = 2, .q_heads = 8, .kv_heads = 2, .q_len = 1, .kv_len = 301},
            AttentionProblem{.q_heads = 3, .kv_heads = 3, .q_len = 1, .kv_len = 1}}) {
        AttentionProblem p = shape;
        p.dtype = t;
        p.causal = causal;
        if (t != DType::f32 && b->unsupported(p)) continue;
        expect_right(*b, p,
                     "attention " + std::string(name_of(t)) + " q" + std::to_string(p.q_len) +
                         (causal ? " causal" : ""));
      }
    }
  }
}

TEST(OneDnn, SaysWhatItCannot) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  const AttentionProblem blind{.q_len = 9, .kv_len = 4, .causal = true};
  EXPECT_NE(b->unsupported(blind)->find("sees no key"), std::string::npos);
  EXPECT_TRUE(b->unsupported(ReductionProblem{}));
}

TEST(OneDnn, LeavesTheThreadCountAlone) {
  Baseline* b = find("onednn");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  expect_right(*b, GemmProblem{.m = 8, .n = 8, .k = 8}, "8x8x8");
  EXPECT_EQ(omp_get_max_threads(), 3);
  omp_set_num_threads(before);
}

TEST(Widened, SolvesInF16WhatOneDnnDoesNot) {
  Baseline* b = find("onednn-f32");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  if (!find("onednn")->unsupported(GemmProblem{.dtype = DType::f16})) {
    GTEST_SKIP() << "oneDNN has products in f16";
  }
  for (const auto& p : gemms(DType::f16)) expect_right(*b, p, shape_text(p));
  // B in pieces of columns, with a rest, dense and not.
  for (const std::int64_t ld : {0, 5010}) {
    const GemmProblem skinny{.dtype = DType::f16,
                             .m = 3,
                             .n = 300,
                             .k = 5000,
                             .order_b = Order::transposed,
                             .ldb = ld,
                             .ldc = ld != 0 ? 311 : 0};
    expect_right(*b, skinny, shape_text(skinny));
  }
  for (const RowsOp op : {RowsOp::softmax, RowsOp::rms_norm}) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {101, 3000}, {5, 50257}}) {
      const RowsProblem p{.op = op, .dtype = DType::f16, .rows = rows, .cols = cols};
      expect_right(*b, p, "rows of " + std::to_string(cols));
    }
  }
}

// A library that has f32 only.
class F32Only final : public Baseline {
 public:
  explicit F32Only(Baseline& library) : library_(library) {}
  std::string name() const override { return "f32only"; }
  std::string version() const override { return "1"; }
  std::string detail() const override { return "none"; }
  std::string kernel(const Problem& p) const override { return library_.kernel(p); }
  std::optional<std::string> unsupported(const Problem& p) const override {
    if (dtype(p) != DType::f32) return "f32 only";
    return library_.unsupported(p);
  }
  std::function<void(const Problem&)> prepare(const Problem& p) override {
    return library_.prepare(p);
  }

 private:
  Baseline& library_;
};

TEST(Widened, SolvesBothTypesOf16Bits) {
  if (find("onednn") == nullptr) GTEST_SKIP() << "oneDNN is absent";
  F32Only library(*find("onednn"));
  const auto widened = make_widened(library, 2);
  EXPECT_EQ(widened->name(), "f32only-f32");
  for (const DType t : {DType::f16, DType::bf16}) {
    for (const auto& p : gemms(t)) expect_right(*widened, p, shape_text(p));
    for (const RowsOp op : {RowsOp::softmax, RowsOp::rms_norm}) {
      const RowsProblem p{.op = op, .dtype = t, .rows = 101, .cols = 3000};
      expect_right(*widened, p, std::string(name_of(t)) + " rows");
    }
  }
}

TEST(Widened, LeavesAloneWhatItIsNotFor) {
  Baseline* b = find("onednn-f32");
  if (b == nullptr) GTEST_SKIP() << "oneDNN is absent";
  EXPECT_TRUE(b->unsupported(GemmProblem{}));
  EXPECT_TRUE(b->unsupported(RowsProblem{}));
  // Of a problem in 16 bits exactly one of both stands beside ours.
  for (const DType t : {DType::f16, DType::bf16}) {
    for (const Problem& p : {Problem(GemmProblem{.dtype = t}), Problem(RowsProblem{.dtype = t})}) {
      EXPECT_NE(b->unsupported(p).has_value(), find("onednn")->unsupported(p).has_value());
    }
  }
  EXPECT_TRUE(b->unsupported(AttentionProblem{.dtype = DType::f16}));
  EXPECT_TRUE(b->unsupported(ReductionProblem{.dtype = DType::f16}));
  EXPECT_THROW(b->prepare(AttentionProblem{.dtype = DType::f16}), std::runtime_error);
}

TEST(Halves, WidenEveryValue) {
  std::vector<f16> halves(1 << 16);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i].bits = static_cast<std::uint16_t>(i);
  std::vector<float> wide(halves.size());
  widen_halves(DType::f16, halves.data(), 1 << 16, wide.data(), 1, 1 << 16, 2);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const float want = to_float(halves[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(wide[i])) << i;
    } else {
      ASSERT_EQ(wide[i], want) << i;
    }
  }
}

// Every half, the points midway between neighbours and their neighbours.
TEST(Halves, NarrowToNearestEvenBetweenGaps) {
  std::vector<float> x;
  for (std::uint16_t bits = 0; bits < 0x7c00; ++bits) {
    const float low = to_float(f16{bits});
    const float high = bits == 0x7bff ? 65536.0f : to_float(f16{std::uint16_t(bits + 1)});
    const float middle = (low + high) / 2;
    for (const float v :
         {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) {
      x.push_back(v);
      x.push_back(-v);
    }
  }
  const std::int64_t cols = 1001;
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / cols;
  const std::int64_t stride = cols + 3;
  constexpr std::uint16_t kGap = 0xabcd;
  std::vector<f16> halves(static_cast<std::size_t>(rows * stride), f16{kGap});
  narrow_halves(DType::f16, x.data(), halves.data(), stride, rows, cols, 2);
  for (std::int64_t i = 0; i < rows * stride; ++i) {
    const std::int64_t col = i % stride;
    const std::uint16_t want =
        col < cols ? from_float<f16>(x[static_cast<std::size_t>(i / stride * cols + col)]).bits
                   : kGap;
    ASSERT_EQ(halves[static_cast<std::size_t>(i)].bits, want) << i;
  }
}

TEST(Plain, Reduces) {
  for (const DType t : kDTypes) {
    for (const ReductionOp op : {ReductionOp::sum, ReductionOp::max, ReductionOp::argmax}) {
      for (const std::int64_t n : {1, 2, 63, 129, 8191, 1000003}) {
        expect_right(*find("plain"), ReductionProblem{.op = op, .dtype = t, .n = n},
                     std::string(name_of(t)) + " n" + std::to_string(n));
      }
    }
  }
}

template <class R>
R reduce(ReductionOp op, const std::vector<float>& x) {
  R result{};
  const ReductionProblem p{.op = op, .n = std::int64_t(x.size()), .x = x.data(), .result = &result};
  find("plain")->prepare(p)(p);
  return result;
}

TEST(Plain, FindsTheFirstOfEqualMaxima) {
  std::vector<float> x(5000, -3.0f);
  EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), 0);
  x[4999] = x[4321] = x[1234] = 2;
  EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), 1234);
  x.assign(5000, -INFINITY);
  EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), 0);
}

TEST(Plain, PassesOverNaN) {
  std::vector<float> x(1000, -1.0f);
  x[0] = x[77] = x[999] = NAN;
  x[500] = 1;
  EXPECT_EQ(reduce<float>(ReductionOp::max, x), 1);
  EXPECT_EQ(reduce<std::int64_t>(ReductionOp::argmax, x), 500);
}

TEST(Plain, WidensEveryHalf) {
  const auto plain = make_plain(1);
  std::uint16_t bits = 0;
  do {
    const f16 x{bits};
    float result = 0;
    const ReductionProblem p{
        .op = ReductionOp::sum, .dtype = DType::f16, .n = 1, .x = &x, .result = &result};
    plain->prepare(p)(p);
    const float want = to_float(x);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(result)) << bits;
    } else {
      ASSERT_EQ(result, want) << bits;
    }
  } while (++bits != 0);
}

TEST(Plain, NormalisesRows) {
  for (const DType t : kDTypes) {
    for (const auto& [rows, cols] : {std::array{1, 1}, {3, 17}, {9, 4096}}) {
      expect_right(*find("plain"),
                   RowsProblem{.op = RowsOp::rms_norm, .dtype = t, .rows = rows, .cols = cols},
                   std::string(name_of(t)) + " " + std::to_string(cols));
    }
  }
}

TEST(Plain, LeavesLibraryProblemsAlone) {
  EXPECT_TRUE(find("plain")->unsupported(GemmProblem{}));
  EXPECT_TRUE(find("plain")->unsupported(RowsProblem{.op = RowsOp::softmax}));
  EXPECT_TRUE(find("plain")->unsupported(AttentionProblem{}));
}

}  // namespace
}  // namespace moat
