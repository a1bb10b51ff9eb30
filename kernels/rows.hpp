// SPDX-License-Identifier: Apache-2.0
// Row-wise kernels: softmax and RMSNorm (Zhang and Sennrich 2019) over the rows of a matrix.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/rows.hpp"

namespace moat {

inline constexpr float kLog2E = 1.44269504f;

template <class T>
struct Softmax {
  template <class S, class B>
  struct Args {
    const T* x;
    T* y;
    int rows, cols;
  };

  template <class S, RowsBlock<T, Sum> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      const T* x = args.x + begin;
      const float largest = Max::result(block.reduce(Max{}, x, args.cols));
      const float top = largest > Max::kPadding ? largest : 0.0f;
      const auto weights = block.terms(
          Sum{}, x, args.cols, [top](const auto& v) { return B::exp2((v - top) * kLog2E); });
      const float sum = Sum::result(weights.state);
      const float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
      block.each(args.cols, [&](auto at) { at.store(args.y + begin, weights.at(at) * inverse); });
    });
  }
};

// A row is shared by as many blocks as it has parts of part_cols columns; the last one may have
// fewer.
struct RowParts {
  int rows, cols, part_cols;
  int parts;  // of each row

  // Of a part, by its place among those of all rows: its first element, and how many it has.
  MOAT_FN std::int64_t begin(int place) const {
    return std::int64_t{place / parts} * cols + place % parts * part_cols;
  }
  template <class B>
  MOAT_FN int count(int place) const {
    return B::min(part_cols, cols - place % parts * part_cols);
  }
};

// A few long rows fall apart, so that they keep all of `blocks` busy, each with one part.
inline RowParts row_parts(int rows, int cols, int blocks) {
  // Of a GPU two rounds of 256 lanes with 8 elements each, and one round of f32.
  constexpr int kLeast = 4096;
  constexpr int kGrain = 256;
  // A shorter row would take less time than the second launch.
  constexpr int kLongRow = 8 * kLeast;
  if (cols < kLongRow || 2 * std::int64_t{rows} > blocks) return {rows, cols, cols, 1};
  const int wanted = std::min(blocks / rows, cols / kLeast);
  const std::int64_t all = cols;
  const std::int64_t part_cols =
      ceil_div(ceil_div<std::int64_t>(all, wanted), std::int64_t{kGrain}) * kGrain;
  return {rows, cols, static_cast<int>(part_cols), static_cast<int>(ceil_div(all, part_cols))};
}

// Of each part its largest element, and the sum of e to the differences from it.
template <class T>
struct SoftmaxParts {
  template <class S, class B>
  struct Args {
    const T* x;
    RowParts parts;
    float* largest;
    float* sums;
  };

  template <class S, RowsBlock<T, Sum> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.parts.rows * args.parts.parts, [&](int place) {
      const std::int64_t begin = args.parts.begin(place);
      const int count = args.parts.template count<B>(place);
      const float largest = Max::result(block.reduce(Max{}, args.x + begin, count));
      const float top = largest > Max::kPadding ? largest : 0.0f;
      const auto weights = block.terms(Sum{}, args.x + begin, count, [top](const auto& v) {
        return B::exp2((v - top) * kLog2E);
      });
      const float sum = Sum::result(weights.state);
      block.each(1, [&](auto at) {
        at.store(args.largest + place, at.fill(largest));
        at.store(args.sums + place, at.fill(sum));
      });
    });
  }
};

template <class T>
struct SoftmaxOfParts {
  template <class S, class B>
  struct Args {
    const T* x;
    T* y;
    RowParts parts;
    const float* largest;
    const float* sums;
  };

  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const int parts = args.parts.parts;
    block.items(args.parts.rows * parts, [&](int place) {
      const int first = place / parts * parts;  // of the row
      const float* largest = args.largest + first;
      const float* sums = args.sums + first;
      float top = Max::kPadding;
      for (int i = 0; i < parts; ++i) top = B::max(largest[i], top);
      top = top > Max::kPadding ? top : 0.0f;
      float sum = 0.0f;
      for (int i = 0; i < parts; ++i) sum += sums[i] * B::exp2((largest[i] - top) * kLog2E);
      const float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
      const std::int64_t begin = args.parts.begin(place);
      block.each(args.parts.template count<B>(place), [&](auto at) {
        at.store(args.y + begin, B::exp2((at.load(args.x + begin) - top) * kLog2E) * inverse);
      });
    });
  }
};

template <class T>
struct RmsNorm {
  template <class S, class B>
  struct Args {
    const T* x;
    const T* weight;
    T* y;
    int rows, cols;
    float epsilon;
  };

  template <class S, RowsBlock<T, SumSquares> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      const T* x = args.x + begin;
      const float squares = Sum::result(block.reduce(SumSquares{}, x, args.cols));
      const float scale = B::rsqrt(squares / static_cast<float>(args.cols) + args.epsilon);
      block.each(args.cols, [&](auto at) {
        at.store(args.y + begin, at.load(x) * scale * at.load(args.weight));
      });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_rows(Backend& backend, const RowsProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    const auto* x = static_cast<const T*>(p.x);
    auto* y = static_cast<T*>(p.y);
    switch (p.op) {
      case RowsOp::softmax: {
        const RowParts parts = row_parts(p.rows, p.cols, backend.template concurrent_blocks<S>());
        if (parts.parts == 1) {
          return backend.template launch<Softmax<T>, S>(
              p.rows, typename Softmax<T>::template Args<S, B>{x, y, p.rows, p.cols});
        }
        const std::int64_t places = countable(std::int64_t{p.rows} * parts.parts);
        auto* largest = static_cast<float*>(backend.workspace(2 * places * sizeof(float)));
        float* sums = largest + places;
        backend.template launch<SoftmaxParts<T>, S>(
            places, typename SoftmaxParts<T>::template Args<S, B>{x, parts, largest, sums});
        return backend.template launch<SoftmaxOfParts<T>, S>(
            places, typename SoftmaxOfParts<T>::template Args<S, B>{x, y, parts, largest, sums});
      }
      case RowsOp::rms_norm:
        return backend.template launch<RmsNorm<T>, S>(
            p.rows, typename RmsNorm<T>::template Args<S, B>{x, static_cast<const T*>(p.weight), y,
                                                             p.rows, p.cols, p.epsilon});
    }
  });
}

template <class Backend>
void launch(Backend& backend, const RowsProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_rows<T>(backend, p); });
}

}  // namespace moat
