// SPDX-License-Identifier: Apache-2.0
// Panels, accumulators and rows of the archetype. What they hold is for its Block alone.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "problems/coded_key.hpp"
#include "problems/tensor.hpp"

namespace moat::archetype {

template <class S>
class Block;

// An operand that is read where it lies; kOrder is how that is.
template <class T, Order kOrder>
class Panel {
 public:
  class Source {
    friend class Panel;

    Source(const Tensor<const T>& t, int rows) : tensor(t), rows_per_head(rows) {}

    Tensor<const T> tensor;
    int rows_per_head;
  };

  static Source bind(const Tensor<const T>& t) { return {t, std::numeric_limits<int>::max()}; }

 protected:
  static Source bind_heads(const Tensor<const T>& t, int rows_per_head) {
    return {t, rows_per_head};
  }

 private:
  template <class S>
  friend class Block;

  void load(const Source& source, const Coord& at) {
    tensor_ = source.tensor;
    rows_per_head_ = source.rows_per_head;
    at_ = at;
  }

  void keep_first(int rows) { tensor_.rows = std::min(tensor_.rows, at_.row + rows); }

  // The element at a place of the panel that a row of the left tensor meets; 0 outside of the
  // source.
  float element(int row, int col, int left_row = 0) const {
    Coord at{.row = at_.row + row,
             .col = at_.col + col,
             .head = at_.head + left_row / rows_per_head_,
             .batch = at_.batch};
    if (kOrder == Order::transposed) std::swap(at.row, at.col);
    return at.row < tensor_.rows && at.col < tensor_.cols ? to_float(*address(tensor_, at)) : 0.0f;
  }

  int first_row() const { return at_.row; }
  int rows_left() const { return tensor_.rows - at_.row; }

  Tensor<const T> tensor_;
  int rows_per_head_ = 1;
  Coord at_;
};

template <class T, int kM, int kK, class E>
class Left : public Panel<E, Order::row_major> {};

template <class T, int kK, int kN, Order kOrder, class E>
class Right : public Panel<E, kOrder> {
 public:
  using Panel<E, kOrder>::bind;
  static typename Panel<E, kOrder>::Source bind(const Tensor<const E>& t, int rows_per_head) {
    return Panel<E, kOrder>::bind_heads(t, rows_per_head);
  }
};

inline float scale_of(e8m0 x) { return decode(x); }
inline float scale_of(f16 x) { return to_float(x); }
inline float scale_of(bf16 x) { return to_float(x); }

// Of codes whose groups have scales.
template <class T, int kK, int kN, class C, class Scale>
class Right<T, kK, kN, Order::transposed, Grouped<C, Scale>> {
 public:
  class Source {
    friend class Right;

    explicit Source(const Grouped<C, Scale>& w) : grouped(w) {}

    Grouped<C, Scale> grouped;
  };

  static Source bind(const Grouped<C, Scale>& w) { return Source(w); }

 private:
  template <class S>
  friend class Block;

  void load(const Source& source, const Coord& at) {
    grouped_ = source.grouped;
    at_ = at;
  }

  float element(int row, int col, int /*left_row*/ = 0) const {
    const int k = at_.row + row;
    const int n = at_.col + col;
    if (k >= grouped_.cols || n >= grouped_.rows) return 0.0f;
    const std::int64_t index = std::int64_t{n} * grouped_.cols + k;
    return decode(grouped_.codes[index / kPerUnit<C>], static_cast<int>(index % kPerUnit<C>)) *
           scale_of(grouped_.scales[index / kGroup<C>]);
  }

  Grouped<C, Scale> grouped_;
  Coord at_;
};

// The number there.
template <class T>
float number_at(const Tensor<const T>& t, const Coord& at) {
  return to_float(*address(t, at));
}
inline float number_at(const Tensor<const CodedKey>& t, const Coord& at) {
  return number_of(*address(t, {.row = at.row, .head = at.head, .batch = at.batch}), at.col);
}

// Of rows in pages of E.
template <class T, int kK, int kN, Order kOrder, class E>
class Right<T, kK, kN, kOrder, Paged<E>> {
 public:
  class Source {
    friend class Right;

    Source(const Paged<E>& p, int rows) : paged(p), rows_per_head(rows) {}

    Paged<E> paged;
    int rows_per_head;
  };

  static Source bind(const Paged<E>& p) { return {p, std::numeric_limits<int>::max()}; }
  static Source bind(const Paged<E>& p, int rows_per_head) { return {p, rows_per_head}; }

 private:
  template <class S>
  friend class Block;

  void load(const Source& source, const Coord& at) {
    paged_ = source.paged;
    rows_per_head_ = source.rows_per_head;
    at_ = at;
  }

  float element(int row, int col, int left_row = 0) const {
    Coord at{.row = at_.row + row,
             .col = at_.col + col,
             .head = at_.head + left_row / rows_per_head_,
             .batch = at_.batch};
    if (kOrder == Order::transposed) std::swap(at.row, at.col);
    if (at.row >= paged_.lengths[at.batch] || at.col >= paged_.pages.cols) return 0.0f;
    const int* table = paged_.table + at.batch * paged_.table_stride;
    at.batch = table[at.row / paged_.pages.rows];
    at.row %= paged_.pages.rows;
    return number_at(paged_.pages, at);
  }

  Paged<E> paged_;
  int rows_per_head_ = 1;
  Coord at_;
};

// kM × kN sums. Row 0 is row `first_row` of the left tensor, of which `rows` are left.
template <int kM, int kN>
class Accumulator {
  template <class S>
  friend class Block;

  std::array<std::array<float, kN>, kM> values{};
  bool begins = false;  // with the next product; until then there is nothing in it
  int first_row = 0;
  int rows = kM;
};

// Sums as a left operand.
template <class T, int kM, int kK>
class Operand {
  template <class S>
  friend class Block;

  explicit Operand(const Accumulator<kM, kK>& acc) : sums(&acc) {}

  const Accumulator<kM, kK>* sums;
};

template <int kM>
class Rows {
  template <class S>
  friend class Block;

  std::array<float, kM> values{};
};

}  // namespace moat::archetype
