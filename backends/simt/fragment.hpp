// SPDX-License-Identifier: Apache-2.0
// What the tile layer derives from a fragment's map at compile time.
#pragma once

#include <cstdint>
#include <utility>

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// An index that is a constant expression.
template <int kValue>
struct Index {
  static constexpr int value = kValue;
  constexpr MOAT_SHARED_FN operator int() const { return kValue; }  // NOLINT(google-explicit-*)
};

template <class F, int... kIndices>
MOAT_FN void unroll_over(F& f, std::integer_sequence<int, kIndices...>) {
  (f(Index<kIndices>{}), ...);
}

// f(Index<0>{}), …, f(Index<kCount − 1>{})
template <int kCount, class F>
MOAT_FN void unroll(F f) {
  unroll_over(f, std::make_integer_sequence<int, kCount>{});
}

// Registers base, base + stride, … (width of them) that lie next to each other in memory.
struct Runs {
  int width;
  int stride;

  constexpr MOAT_SHARED_FN int base(int run) const {
    return run / stride * stride * width + run % stride;
  }
};

template <class Fragment, int kLanes>
constexpr bool has_runs(Runs runs, bool along_rows) {
  if (Fragment::kRegisters % (runs.width * runs.stride) != 0) return false;
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int run = 0; run < Fragment::kRegisters / runs.width; ++run) {
      const Position first = Fragment::at(lane, runs.base(run));
      if ((along_rows ? first.row : first.col) % runs.width != 0) return false;
      for (int i = 1; i < runs.width; ++i) {
        const Position next = Fragment::at(lane, runs.base(run) + i * runs.stride);
        if (next.row != first.row + (along_rows ? i : 0)) return false;
        if (next.col != first.col + (along_rows ? 0 : i)) return false;
      }
    }
  }
  return true;
}

// The longest aligned runs of a fragment, at most `longest` elements: the widest access to memory
// in which neighbours along a row (or along a column, `along_rows`) are contiguous.
template <class Fragment, int kLanes>
constexpr Runs widest_runs(int longest, bool along_rows) {
  for (int width = longest; width > 1; width /= 2) {
    for (int stride = 1; stride * width <= Fragment::kRegisters; stride *= 2) {
      if (has_runs<Fragment, kLanes>({.width = width, .stride = stride}, along_rows)) {
        return {.width = width, .stride = stride};
      }
    }
  }
  return {.width = 1, .stride = 1};
}
template <class Fragment, int kLanes, int kLongest, bool kAlongRows>
inline constexpr Runs kWidestRuns = widest_runs<Fragment, kLanes>(kLongest, kAlongRows);

// How fragments come from shared memory: by loads of a lane's own elements, or as matrices that a
// wave loads together.
enum class FragmentLoad : std::uint8_t { plain, matrix, transposed };

// Whether every word of a fragment is a part of an 8 × 16-byte matrix of the panel P as ldmatrix
// gives it to the lanes.
template <class Fragment, class P>
constexpr bool is_made_of_matrices(bool transposed) {
  constexpr int kBytes = sizeof(typename P::Value);
  constexpr int kElements = kPerWord<typename P::Value>;
  if (transposed && kElements != 2) return false;
  for (int word = 0; word < Fragment::kRegisters / kElements; ++word) {
    const Position first = P::stored(Fragment::at(0, word * kElements));
    if (first.col * kBytes % 16 != 0) return false;
    for (int lane = 0; lane < 32; ++lane) {
      for (int e = 0; e < kElements; ++e) {
        const Position at = P::stored(Fragment::at(lane, word * kElements + e));
        const int along = lane % 4 * kElements + e;
        const int across = lane / 4;
        if (at.row - first.row != (transposed ? along : across)) return false;
        if (at.col - first.col != (transposed ? across : along)) return false;
      }
    }
  }
  return true;
}

template <class Atoms, class Fragment, class P>
constexpr FragmentLoad choose_load() {
  if constexpr (LoadsMatrices<Atoms>) {
    if (is_made_of_matrices<Fragment, P>(false)) return FragmentLoad::matrix;
    if (is_made_of_matrices<Fragment, P>(true)) return FragmentLoad::transposed;
  }
  return FragmentLoad::plain;
}
template <class Atoms, class Fragment, class P>
inline constexpr FragmentLoad kFragmentLoad = choose_load<Atoms, Fragment, P>();

// The rows that a lane holds: registers with the same row share a slot.
template <class Fragment, int kLanes>
struct RowSlots {
  int count = 0;
  int slot[Fragment::kRegisters] = {};       // of a register
  int register_[Fragment::kRegisters] = {};  // the first of a slot

  constexpr RowSlots() {
    for (int r = 0; r < Fragment::kRegisters; ++r) {
      int found = count;
      for (int s = 0; s < count && found == count; ++s) {
        if (same_row(r, register_[s])) found = s;
      }
      slot[r] = found;
      if (found == count) register_[count++] = r;
    }
  }

 private:
  static constexpr bool same_row(int r, int s) {
    for (int lane = 0; lane < kLanes; ++lane) {
      if (Fragment::at(lane, r).row != Fragment::at(lane, s).row) return false;
    }
    return true;
  }
};

// Lanes that hold neighbouring pieces of a row: changing bit `masks[i]` of the lane number moves
// `width` · 2^i columns, for pieces of `width` columns and chunks of 2^count of them.
struct RowNeighbours {
  int count = 0;
  int masks[6] = {};
};

// As many as make `chunk` columns; fewer if the fragment has none.
template <class Fragment, int kLanes>
constexpr RowNeighbours row_neighbours(int width, int chunk) {
  RowNeighbours found;
  for (int cols = width; cols < chunk; cols *= 2) {
    int mask = 0;
    for (int bit = 1; bit < kLanes && mask == 0; bit *= 2) {
      bool moves = true;
      for (int lane = 0; lane < kLanes; ++lane) {
        for (int r = 0; r < Fragment::kRegisters; ++r) {
          const Position at = Fragment::at(lane & ~bit, r);
          const Position next = Fragment::at(lane | bit, r);
          moves = moves && next.row == at.row && next.col == at.col + cols;
        }
      }
      if (moves) mask = bit;
    }
    if (mask == 0) return found;
    found.masks[found.count++] = mask;
  }
  return found;
}

// Bits of the lane number that do not change which rows a lane holds: a shuffle over each of them
// combines a row.
template <class Fragment, int kLanes>
constexpr int row_mask() {
  int mask = 0;
  for (int bit = 1; bit < kLanes; bit *= 2) {
    bool same = true;
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int r = 0; r < Fragment::kRegisters; ++r) {
        same = same && Fragment::at(lane, r).row == Fragment::at(lane ^ bit, r).row;
      }
    }
    if (same) mask |= bit;
  }
  return mask;
}
template <class Fragment, int kLanes>
inline constexpr int kRowMask = row_mask<Fragment, kLanes>();

// A function of the lane number that acts on each of its bits alone.
struct LaneMap {
  int at_zero = 0;
  int of_bit[6] = {};

  constexpr bool operator==(const LaneMap&) const = default;

  constexpr MOAT_SHARED_FN int operator()(int lane) const {
    int keep = 0;
    for (int b = 0; b < 6; ++b) keep |= of_bit[b] == 1 << b ? 1 << b : 0;
    int mapped = at_zero ^ (lane & keep);
    for (int b = 0; b < 6; ++b) {
      if (of_bit[b] != 1 << b && of_bit[b] != 0) mapped ^= (lane >> b & 1) * of_bit[b];
    }
    return mapped;
  }
};

// How a row of accumulator atoms becomes left operands. Registers of a lane's left fragment come
// from one register of one lane each; `Atom` says which.
template <class Atom, int kLanes>
struct OperandExchange {
  // A left fragment spans kAtoms accumulator atoms, or an atom holds kPhases left fragments.
  static constexpr int kAtoms = Atom::k > Atom::n ? Atom::k / Atom::n : 1;
  static constexpr int kPhases = Atom::k > Atom::n ? 1 : Atom::n / Atom::k;
  static_assert(Atom::k * kPhases == Atom::n * kAtoms);

  struct Source {
    int atom = 0;
    int register_ = 0;
    LaneMap lane;
    bool own_lane = true;  // in all lanes
  };
  Source sources[kPhases][Atom::Left::kRegisters] = {};

  constexpr OperandExchange() {
    int holder[Atom::m][Atom::n] = {};
    int held[Atom::m][Atom::n] = {};
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int r = 0; r < Atom::Acc::kRegisters; ++r) {
        const Position at = Atom::Acc::at(lane, r);
        holder[at.row][at.col] = lane;
        held[at.row][at.col] = r;
      }
    }
    for (int phase = 0; phase < kPhases; ++phase) {
      for (int r = 0; r < Atom::Left::kRegisters; ++r) {
        Source& s = sources[phase][r];
        const auto column = [&](int lane) { return phase * Atom::k + Atom::Left::at(lane, r).col; };
        const auto row = [&](int lane) { return Atom::Left::at(lane, r).row; };
        const auto source_lane = [&](int lane) {
          return holder[row(lane)][column(lane) % Atom::n];
        };
        s.atom = column(0) / Atom::n;
        s.register_ = held[row(0)][column(0) % Atom::n];
        s.lane.at_zero = source_lane(0);
        for (int b = 0; 1 << b < kLanes; ++b) {
          s.lane.of_bit[b] = source_lane(1 << b) ^ s.lane.at_zero;
        }
        for (int lane = 0; lane < kLanes; ++lane) {
          if (column(lane) / Atom::n != s.atom ||
              held[row(lane)][column(lane) % Atom::n] != s.register_ ||
              s.lane(lane) != source_lane(lane)) {
            throw "the accumulator of this atom cannot become a left operand by one shuffle";
          }
          s.own_lane = s.own_lane && source_lane(lane) == lane;
        }
      }
    }
  }
};
template <class Atom, int kLanes>
inline constexpr OperandExchange<Atom, kLanes> kOperandExchange{};

// Whether each word of a left fragment is a word of the accumulator, in the same lane or in
// another.
template <class Atom, int kLanes>
constexpr bool exchanges_words() {
  using Exchange = OperandExchange<Atom, kLanes>;
  constexpr int kElements = kPerWord<typename Atom::Element>;
  for (const auto& phase : kOperandExchange<Atom, kLanes>.sources) {
    for (int r = 0; r < Atom::Left::kRegisters; ++r) {
      const typename Exchange::Source& first = phase[r - r % kElements];
      if (first.register_ % kElements != 0) return false;
      if (phase[r].register_ != first.register_ + r % kElements) return false;
      if (phase[r].atom != first.atom || !(phase[r].lane == first.lane)) return false;
    }
  }
  return true;
}
template <class Atom, int kLanes>
inline constexpr bool kExchangesWords = exchanges_words<Atom, kLanes>();

}  // namespace moat::simt
