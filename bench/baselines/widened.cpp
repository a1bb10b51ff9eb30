// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/widened.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "bench/baselines/halves.hpp"

namespace moat {
namespace {

// f32 copies that a thread makes at a time where they can be used piece by piece: half of a usual
// second-level cache.
constexpr std::int64_t kPieceBytes = 1 << 19;

// Products of so few rows of A are bound by reading B, which is then widened a few columns at a
// time, so that its f32 copy does not leave the cache.
constexpr int kFewRows = 64;

// Floats in huge pages, as the device's own operands are.
class Floats {
 public:
  explicit Floats(std::int64_t count) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
    const std::size_t alignment = bytes < kHugePage ? 256 : kHugePage;
    const std::size_t size = std::max(ceil_div(bytes, alignment), std::size_t{1}) * alignment;
    data_.reset(static_cast<float*>(std::aligned_alloc(alignment, size)));
    if (!data_) throw std::bad_alloc();
    if (alignment == kHugePage) madvise(data_.get(), size, MADV_HUGEPAGE);
  }

  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
};

const std::byte* at(const void* halves, std::int64_t element) {
  return static_cast<const std::byte*>(halves) + element * 2;
}

using Solve = std::function<void(const Problem&)>;

Solve prepare_product(Baseline& library, const GemmProblem& p, int threads) {
  const bool transposed = p.order_b == Order::transposed;
  const std::int64_t column_bytes = std::int64_t{p.k} * 4;
  const std::int64_t fitting =
      std::max<std::int64_t>(kPieceBytes * threads / column_bytes / 16, 1) * 16;
  const int piece =
      transposed && p.m <= kFewRows ? static_cast<int>(std::min<std::int64_t>(p.n, fitting)) : p.n;
  const auto part = [&](int n) {
    return GemmProblem{.m = p.m, .n = n, .k = p.k, .order_b = p.order_b, .ldc = p.n};
  };
  struct State {
    Floats a, b, c;
    GemmProblem whole, rest;
    Solve solve_whole, solve_rest;
  };
  auto state = std::make_shared<State>(State{.a = Floats(std::int64_t{p.m} * p.k),
                                             .b = Floats(std::int64_t{piece} * p.k),
                                             .c = Floats(std::int64_t{p.m} * p.n),
                                             .whole = part(piece),
                                             .rest = part(p.n % piece),
                                             .solve_whole = library.prepare(part(piece)),
                                             .solve_rest = nullptr});
  if (p.n % piece != 0) state->solve_rest = library.prepare(state->rest);
  return [state, piece, transposed, threads](const Problem& problem) {
    const auto& q = std::get<GemmProblem>(problem);
    const std::int64_t ldb = q.ldb != 0 ? q.ldb : transposed ? q.k : q.n;
    widen_halves(q.dtype, q.a, q.lda != 0 ? q.lda : q.k, state->a.data(), q.m, q.k, threads);
    for (int begin = 0; begin < q.n; begin += piece) {
      const bool whole = begin + piece <= q.n;
      GemmProblem now = whole ? state->whole : state->rest;
      if (transposed) {
        widen_halves(q.dtype, at(q.b, begin * ldb), ldb, state->b.data(), now.n, q.k, threads);
      } else {
        widen_halves(q.dtype, q.b, ldb, state->b.data(), q.k, q.n, threads);
      }
      now.a = state->a.data();
      now.b = state->b.data();
      now.c = state->c.data() + begin;
      (whole ? state->solve_whole : state->solve_rest)(now);
    }
    narrow_halves(q.dtype, state->c.data(), q.c, q.ldc != 0 ? q.ldc : q.n, q.m, q.n, threads);
  };
}

Solve prepare_rows(Baseline& library, const RowsProblem& p, int threads) {
  const std::int64_t fitting =
      std::max<std::int64_t>(kPieceBytes / 2 / (std::int64_t{p.cols} * 4), 1) * threads;
  const int piece = static_cast<int>(std::min<std::int64_t>(fitting, p.rows));
  const auto part = [&](int rows) {
    return RowsProblem{.op = p.op, .rows = rows, .cols = p.cols, .epsilon = p.epsilon};
  };
  struct State {
    Floats x, y, weight;
    RowsProblem whole, rest;
    Solve solve_whole, solve_rest;
  };
  const std::int64_t elements = std::int64_t{piece} * p.cols;
  auto state = std::make_shared<State>(State{.x = Floats(elements),
                                             .y = Floats(elements),
                                             .weight = Floats(p.cols),
                                             .whole = part(piece),
                                             .rest = part(p.rows % piece),
                                             .solve_whole = library.prepare(part(piece)),
                                             .solve_rest = nullptr});
  if (p.rows % piece != 0) state->solve_rest = library.prepare(state->rest);
  return [state, piece, threads](const Problem& problem) {
    const auto& q = std::get<RowsProblem>(problem);
    if (has_weight(q.op)) {
      widen_halves(q.dtype, q.weight, q.cols, state->weight.data(), 1, q.cols, threads);
    }
    for (int row = 0; row < q.rows; row += piece) {
      const bool whole = row + piece <= q.rows;
      RowsProblem now = whole ? state->whole : state->rest;
      const std::int64_t offset = std::int64_t{row} * q.cols;
      widen_halves(q.dtype, at(q.x, offset), q.cols, state->x.data(), now.rows, q.cols, threads);
      now.x = state->x.data();
      now.y = state->y.data();
      now.weight = state->weight.data();
      (whole ? state->solve_whole : state->solve_rest)(now);
      narrow_halves(q.dtype, state->y.data(), static_cast<std::byte*>(q.y) + offset * 2, q.cols,
                    now.rows, q.cols, threads);
    }
  };
}

// The shape in f32, with dense operands.
Problem in_f32(const Problem& problem) {
  Problem wide = problem;
  if (auto* gemm = std::get_if<GemmProblem>(&wide)) {
    gemm->dtype = DType::f32;
    gemm->lda = gemm->ldb = gemm->ldc = 0;
  } else if (auto* rows = std::get_if<RowsProblem>(&wide)) {
    rows->dtype = DType::f32;
  }
  return wide;
}

class Widened final : public Baseline {
 public:
  Widened(Baseline& library, int threads) : library_(library), threads_(threads) {}

  std::string name() const override { return library_.name() + "-f32"; }
  std::string version() const override { return library_.version(); }
  std::string detail() const override {
    return fmt::format(
        "16-bit operands widened by loops of this build, {} in f32 ({}), result rounded",
        library_.name(), library_.detail());
  }
  std::string kernel(const Problem& problem) const override {
    return fmt::format("{0} to f32 + {1} + f32 to {0}", name_of(dtype(problem)),
                       library_.kernel(in_f32(problem)));
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    if (size_of(dtype(problem)) != 2) return "it stands in for 16-bit types only";
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm != nullptr && !of_one_type(*gemm)) return kSeveralTypes;
    if (std::holds_alternative<AttentionProblem>(problem)) {
      return "attention would convert all keys and values in every call";
    }
    if (!library_.unsupported(problem)) {
      return fmt::format("{} solves it in {}", library_.name(), name_of(dtype(problem)));
    }
    return library_.unsupported(in_f32(problem));
  }

  Solve prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    if (const auto* gemm = std::get_if<GemmProblem>(&problem)) {
      return prepare_product(library_, *gemm, threads_);
    }
    return prepare_rows(library_, std::get<RowsProblem>(problem), threads_);
  }

 private:
  Baseline& library_;
  int threads_;
};

}  // namespace

std::unique_ptr<Baseline> make_widened(Baseline& library, int threads) {
  return std::make_unique<Widened>(library, threads);
}

}  // namespace moat
