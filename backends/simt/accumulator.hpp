// SPDX-License-Identifier: Apache-2.0
// Products of tiles: accumulators in the registers of a block's waves, and what is done with them.
#pragma once

#include <type_traits>

#include "backends/simt/fragment.hpp"
#include "backends/simt/panel.hpp"

namespace moat::simt {

// How the waves of a block share a tile: S has `kWarpsDown` × `kWarpsAcross` of them, each with a
// contiguous part, and `Operand`, the type of what its products multiply.
template <class AtomsOf, class S>
struct Tiling {
  using Atoms = AtomsOf;
  using Matrix = typename Atoms::template Matrix<typename S::Operand>;
  static constexpr int kLanes = Atoms::kWaveWidth;
  static constexpr int kWavesM = S::kWarpsDown;
  static constexpr int kWavesN = S::kWarpsAcross;
  static_assert(kWavesM * kWavesN == S::kWarps);

  static MOAT_FN int wave_row() { return kWavesN == 1 ? Atoms::wave() : Atoms::wave() / kWavesN; }
  static MOAT_FN int wave_col() { return kWavesN == 1 ? 0 : Atoms::wave() % kWavesN; }
};

// The part of an m × n tile of f32 that one lane holds.
template <class TilingOf, int kM, int kN>
struct Accumulator {
  using Tiling = TilingOf;
  using Matrix = typename Tiling::Matrix;
  static constexpr int kWaveRows = kM / Tiling::kWavesM;
  static constexpr int kWaveCols = kN / Tiling::kWavesN;
  static constexpr int kRowAtoms = kWaveRows / Matrix::m;
  static constexpr int kColAtoms = kWaveCols / Matrix::n;
  static_assert(kRowAtoms * Matrix::m * Tiling::kWavesM == kM, "m must be whole atoms per wave");
  static_assert(kColAtoms * Matrix::n * Tiling::kWavesN == kN, "n must be whole atoms per wave");
  static constexpr RowSlots<typename Matrix::Acc, Tiling::kLanes> kSlots{};

  float values[kRowAtoms][kColAtoms][Matrix::Acc::kRegisters];

  // Where this wave's part begins.
  static MOAT_FN Position origin() {
    return {.row = Tiling::wave_row() * kWaveRows, .col = Tiling::wave_col() * kWaveCols};
  }

  MOAT_FN void clear() {
    for_each([&](int i, int j, auto r) { values[i][j][r] = 0.0f; });
  }

  // f(i, j, r) for every register r of every atom (i, j).
  template <class F>
  static MOAT_FN void for_each(F f) {
    MOAT_UNROLL
    for (int i = 0; i < kRowAtoms; ++i) {
      MOAT_UNROLL
      for (int j = 0; j < kColAtoms; ++j) {
        unroll<Matrix::Acc::kRegisters>([&](auto r) { f(i, j, r); });
      }
    }
  }
};

// One value per row that this lane holds of a tile with m rows.
template <class TilingOf, int kM>
struct Rows {
  using Tiling = TilingOf;
  using Tile = Accumulator<Tiling, kM, Tiling::Matrix::n * Tiling::kWavesN>;
  static constexpr int kSlots = Tile::kSlots.count;

  float values[Tile::kRowAtoms][kSlots];

  // f(i, slot)
  template <class F>
  static MOAT_FN void for_each(F f) {
    MOAT_UNROLL
    for (int i = 0; i < Tile::kRowAtoms; ++i) {
      MOAT_UNROLL
      for (int s = 0; s < kSlots; ++s) f(i, s);
    }
  }
};

// An accumulator rounded to T, as the left operand of a product: m × k, k the accumulator's
// columns. It stays in the registers of its wave, in words that left fragments are made of or,
// where their halves come from several lanes, with one element a word.
template <class TilingOf, class T, int kM, int kK>
struct Operand {
  using Tiling = TilingOf;
  using Matrix = typename Tiling::Matrix;
  using Value = T;
  using Element = typename Matrix::Element;
  static constexpr int k = kK;
  static constexpr int kRowAtoms = kM / Tiling::kWavesM / Matrix::m;
  static constexpr int kPerValue = kExchangesWords<Matrix, Tiling::kLanes> ? kPerWord<Element> : 1;
  static_assert(Tiling::kWavesN == 1, "an operand's rows must belong to one wave");

  Word<Element> values[kRowAtoms][kK / Matrix::n][Matrix::Acc::kRegisters / kPerValue];
};

// Element of a fragment for a stored value.
template <class Tiling, class T>
MOAT_FN typename Tiling::Matrix::Element to_element(T x) {
  using Matrix = typename Tiling::Matrix;
  if constexpr (requires { Matrix::element(x); }) {
    return Matrix::element(x);
  } else if constexpr (std::is_same_v<T, typename Matrix::Element>) {
    return x;
  } else {
    return Tiling::Atoms::widen(x);
  }
}

// Two floats rounded to a 16-bit T, the first in the lower half.
template <class T, class Atoms>
MOAT_FN std::uint32_t pack(float lower, float upper) {
  if constexpr (Packs<Atoms>) {
    return Atoms::template pack<T>(lower, upper);
  } else {
    return Atoms::template narrow<T>(lower).bits |
           std::uint32_t{Atoms::template narrow<T>(upper).bits} << 16;
  }
}

// Of kCount fragments, those that one load of matrices brings.
template <class Fragment, class Element, FragmentLoad kLoad, int kCount>
inline constexpr int kTogether = 1;
template <class Fragment, class Element, FragmentLoad kLoad, int kCount>
requires(kLoad != FragmentLoad::plain &&
         kCount * kWords<Fragment, Element> % 4 ==
             0) inline constexpr int kTogether<Fragment, Element, kLoad, kCount> =
    4 / kWords<Fragment, Element>;

// Reads kFragments fragments, the i-th at origin + i · stride of a panel.
template <class Tiling, class Fragment, bool kTransposed, int kFragments, class P, class W>
MOAT_FN void load_matrices(W* to, const P& panel, Position origin, Position stride) {
  constexpr int kElements = kPerWord<typename P::Value>;
  constexpr int kEach = Fragment::kRegisters / kElements;
  constexpr int kMatrices = kEach * kFragments;
  const int lane = Tiling::Atoms::lane();
  const int matrix = lane / 8 % kMatrices;
  const int fragment = matrix / kEach;
  const Position corner = Fragment::at(0, matrix % kEach * kElements);
  Position row = P::stored(
      {.row = fragment * stride.row + corner.row, .col = fragment * stride.col + corner.col});
  row.row += lane % 8;
  std::uint32_t words[kMatrices];
  Tiling::Atoms::template ldmatrix<kMatrices, kTransposed>(words,
                                                           panel.element(P::stored(origin), row));
  MOAT_UNROLL
  for (int w = 0; w < kMatrices; ++w) {
    if constexpr (kElements == 2) {
      to[w] = words[w];
    } else {
      to[w] = to_element<Tiling>(__builtin_bit_cast(typename P::Value, words[w]));
    }
  }
}

// Reads a fragment in the widest loads of a lane's own elements.
template <class Tiling, class Fragment, class P, class W>
MOAT_FN void load_elements(W* to, const P& panel, Position origin) {
  using T = typename P::Value;
  using Element = typename Tiling::Matrix::Element;
  static_assert(
      sizeof(T) == 2 || sizeof(T) == 4,
      "fragments are made of panels of T of 2 or 4 bytes: teach Word of "
      "backends/simt/atoms.hpp and load_elements of backends/simt/accumulator.hpp others");
  constexpr Runs kRuns =
      kWidestRuns<Fragment, Tiling::kLanes, kChunkBytes / sizeof(T), P::kAlongRows>;
  constexpr int kBytes = kRuns.width * sizeof(T);
  const auto load = [&](int base) {
    const Position at = Fragment::at(Tiling::Atoms::lane(), base);
    return Tiling::Atoms::template load_shared<Words<kBytes>>(
        panel.element(P::stored(origin), P::stored(at)));
  };
  if constexpr (kPerWord<Element> == 2 && kRuns.stride == 1 && kBytes >= 4) {
    unroll<Fragment::kRegisters / kRuns.width>([&](auto run) {
      const auto words = load(kRuns.base(run));
      MOAT_UNROLL
      for (int w = 0; w < kBytes / 4; ++w) to[run * (kBytes / 4) + w] = words.words[w];
    });
  } else {
    Element elements[Fragment::kRegisters];
    unroll<Fragment::kRegisters / kRuns.width>([&](auto run) {
      constexpr int kBase = kRuns.base(decltype(run)::value);
      const auto loaded = __builtin_bit_cast(Vec<T, kRuns.width>, load(kBase));
      MOAT_UNROLL
      for (int e = 0; e < kRuns.width; ++e) {
        elements[kBase + e * kRuns.stride] = to_element<Tiling>(loaded.values[e]);
      }
    });
    MOAT_UNROLL
    for (int w = 0; w < kWords<Fragment, Element>; ++w) {
      if constexpr (kPerWord<Element> == 2) {
        to[w] = elements[2 * w].bits | std::uint32_t{elements[2 * w + 1].bits} << 16;
      } else {
        to[w] = elements[w];
      }
    }
  }
}

// Reads kCount fragments, the i-th at origin + i · stride of a panel.
template <class Tiling, class Fragment, int kCount, class P, class W, int kEach>
MOAT_FN void load_fragments(W (&to)[kCount][kEach], const P& panel, Position origin,
                            Position stride) {
  constexpr FragmentLoad kLoad = kFragmentLoad<typename Tiling::Atoms, Fragment, P>;
  constexpr int kAtOnce = kTogether<Fragment, typename Tiling::Matrix::Element, kLoad, kCount>;
  MOAT_UNROLL
  for (int i = 0; i < kCount; i += kAtOnce) {
    const Position at{.row = origin.row + i * stride.row, .col = origin.col + i * stride.col};
    if constexpr (kLoad == FragmentLoad::plain) {
      load_elements<Tiling, Fragment>(to[i], panel, at);
    } else {
      load_matrices<Tiling, Fragment, kLoad == FragmentLoad::transposed, kAtOnce>(to[i], panel, at,
                                                                                  stride);
    }
  }
}

// The left fragments of all rows of atoms from `row` on, at column `step` of atoms.
template <class Tiling, int kCount, class P, class W, int kEach>
MOAT_FN void left_fragments(W (&to)[kCount][kEach], const P& panel, int row, int step) {
  using Matrix = typename Tiling::Matrix;
  load_fragments<Tiling, typename Matrix::Left>(to, panel, {.row = row, .col = step * Matrix::k},
                                                {.row = Matrix::m, .col = 0});
}

template <class Tiling, class T, int kM, int kK, int kCount, class W, int kEach, int kStep>
MOAT_FN void left_fragments(W (&to)[kCount][kEach], const Operand<Tiling, T, kM, kK>& operand, int,
                            Index<kStep>) {
  using Matrix = typename Tiling::Matrix;
  using Exchange = OperandExchange<Matrix, Tiling::kLanes>;
  constexpr int kPerValue = Operand<Tiling, T, kM, kK>::kPerValue;
  constexpr int kElements = kPerWord<typename Matrix::Element>;
  MOAT_UNROLL
  for (int i = 0; i < kCount; ++i) {
    const auto value = [&](auto r) {
      constexpr auto kSource =
          kOperandExchange<Matrix, Tiling::kLanes>.sources[kStep % Exchange::kPhases]
                                                          [decltype(r)::value];
      constexpr int kAtom = kStep / Exchange::kPhases * Exchange::kAtoms + kSource.atom;
      const W own = operand.values[i][kAtom][kSource.register_ / kPerValue];
      if constexpr (kSource.own_lane) {
        return own;
      } else if constexpr (kElements == 2) {
        return static_cast<W>(
            Tiling::Atoms::shuffle(static_cast<int>(own), kSource.lane(Tiling::Atoms::lane())));
      } else {
        return Tiling::Atoms::shuffle(own, kSource.lane(Tiling::Atoms::lane()));
      }
    };
    unroll<kEach>([&](auto w) {
      constexpr int kFirst = decltype(w)::value * kElements;
      if constexpr (kPerValue == kElements) {
        to[i][w] = value(Index<kFirst>{});
      } else {
        to[i][w] = value(Index<kFirst>{}) | value(Index<kFirst + 1>{}) << 16;
      }
    });
  }
}

template <class>
inline constexpr bool kInRegisters = false;
template <class Tiling, class T, int kM, int kK>
inline constexpr bool kInRegisters<Operand<Tiling, T, kM, kK>> = true;

// f(step) for every step of a product; a constant where steps are unrolled.
template <bool kUnrolled, int kSteps, class F>
MOAT_FN void for_each_step(F f) {
  if constexpr (kUnrolled) {
    unroll<kSteps>(f);
  } else {
    MOAT_UNROLL_BY(1)
    for (int step = 0; step < kSteps; ++step) f(step);
  }
}

// acc += left · right. The side with fewer registers is held while the other is read.
template <class Tiling, int kM, int kN, class L, class R>
MOAT_FN void mma(Accumulator<Tiling, kM, kN>& acc, const L& left, const R& right) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Matrix = typename Tiling::Matrix;
  using W = Word<typename Matrix::Element>;
  constexpr int kRows = Acc::kRowAtoms;
  constexpr int kCols = Acc::kColAtoms;
  constexpr int kLeft = kWords<typename Matrix::Left, typename Matrix::Element>;
  constexpr int kRight = kWords<typename Matrix::Right, typename Matrix::Element>;
  static_assert(L::k == R::k && L::k % Matrix::k == 0);
  const Position origin = Acc::origin();
  for_each_step<Matrix::kUnrolled || kInRegisters<L>, L::k / Matrix::k>([&](auto step) {
    const auto read_right = [&]<int kCount>(W(&to)[kCount][kRight], int j) {
      load_fragments<Tiling, typename Matrix::Right>(
          to, right, {.row = step * Matrix::k, .col = origin.col + j * Matrix::n},
          {.row = 0, .col = Matrix::n});
    };
    if constexpr (kInRegisters<L> || kRows * kLeft + kRight <= kCols * kRight + kLeft) {
      W a[kRows][kLeft];
      left_fragments<Tiling>(a, left, origin.row, step);
      constexpr int kAtOnce =
          kTogether<typename Matrix::Right, typename Matrix::Element,
                    kFragmentLoad<typename Tiling::Atoms, typename Matrix::Right, R>, kCols>;
      MOAT_UNROLL
      for (int j = 0; j < kCols; j += kAtOnce) {
        W b[kAtOnce][kRight];
        read_right(b, j);
        MOAT_UNROLL
        for (int t = 0; t < kAtOnce; ++t) {
          MOAT_UNROLL
          for (int i = 0; i < kRows; ++i) Matrix::multiply(acc.values[i][j + t], a[i], b[t]);
        }
      }
    } else {
      W b[kCols][kRight];
      read_right(b, 0);
      MOAT_UNROLL
      for (int i = 0; i < kRows; ++i) {
        W a[1][kLeft];
        left_fragments<Tiling>(a, left, origin.row + i * Matrix::m, step);
        MOAT_UNROLL
        for (int j = 0; j < kCols; ++j) Matrix::multiply(acc.values[i][j], a[0], b[j]);
      }
    }
  });
}

// kCount values f(0), f(1), … rounded to T.
template <class Atoms, class T, int kCount, class F>
MOAT_FN auto round_piece(F f) {
  if constexpr (sizeof(T) == 2 && kCount > 1) {
    Words<kCount * sizeof(T)> piece;
    MOAT_UNROLL
    for (int w = 0; w < kCount / 2; ++w) piece.words[w] = pack<T, Atoms>(f(2 * w), f(2 * w + 1));
    return piece;
  } else {
    Vec<T, kCount> piece;
    MOAT_UNROLL
    for (int e = 0; e < kCount; ++e) piece.values[e] = Atoms::template narrow<T>(f(e));
    return __builtin_bit_cast(Words<kCount * sizeof(T)>, piece);
  }
}

// How an accumulator is stored: pieces of neighbouring elements of T in registers, of which
// `neighbours` in several lanes make a chunk.
template <class Acc, class T>
struct StorePlan {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4,
                "sums are stored as T of 2 or 4 bytes: teach round_piece and StorePlan of "
                "backends/simt/accumulator.hpp others");
  using Fragment = typename Acc::Matrix::Acc;
  static constexpr int kLanes = Acc::Tiling::kLanes;
  static constexpr int kChunk = kChunkBytes / sizeof(T);
  static constexpr Runs kRuns = kWidestRuns<Fragment, kLanes, kChunk, false>;
  static constexpr int kPieceBytes = kRuns.width * sizeof(T);

  static constexpr RowNeighbours kNeighbours = [] {
    RowNeighbours found = row_neighbours<Fragment, kLanes>(kRuns.width, kChunk);
    while (kPieceBytes < 4 || Acc::kColAtoms % (1 << found.count) != 0) {
      if (found.count == 0) break;
      --found.count;
    }
    return found;
  }();
  static constexpr int kPieces = 1 << kNeighbours.count;
  static constexpr int kWidth = kRuns.width * kPieces;
  static constexpr int kBytes = kWidth * sizeof(T);

  // Which of kPieces atoms' chunk a lane stores, and the lane that held the first piece of it.
  static MOAT_FN int atom(int lane) {
    int atom = 0;
    unroll<kNeighbours.count>([&](auto i) {
      constexpr int kMask = kNeighbours.masks[decltype(i)::value];
      atom |= (lane & kMask) != 0 ? 1 << i : 0;
    });
    return atom;
  }
  static MOAT_FN int first_lane(int lane) {
    unroll<kNeighbours.count>([&](auto i) {
      constexpr int kMask = kNeighbours.masks[decltype(i)::value];
      lane &= ~kMask;
    });
    return lane;
  }
};

// Pieces of Plan::kPieces atoms change places among the lanes that hold the pieces of a chunk,
// after which a lane has a chunk of one atom, in its order.
template <class Plan, class Atoms, class Piece>
MOAT_FN void gather_chunk(Piece (&pieces)[Plan::kPieces]) {
  unroll<Plan::kNeighbours.count>([&](auto i) {
    constexpr int kMask = Plan::kNeighbours.masks[decltype(i)::value];
    constexpr int kBit = 1 << decltype(i)::value;
    const bool upper = (Atoms::lane() & kMask) != 0;
    MOAT_UNROLL
    for (int p = 0; p < Plan::kPieces; ++p) {
      if ((p & kBit) != 0) continue;
      MOAT_UNROLL
      for (int w = 0; w < static_cast<int>(sizeof(Piece)) / 4; ++w) {
        std::uint32_t& low = pieces[p].words[w];
        std::uint32_t& high = pieces[p | kBit].words[w];
        const auto sent = static_cast<int>(upper ? low : high);
        const auto got = static_cast<std::uint32_t>(Atoms::shuffle_xor(sent, kMask));
        low = upper ? got : low;
        high = upper ? high : got;
      }
    }
  });
}

// Rounds acc to T and writes it at `at` in the widest stores, without what lies outside the matrix.
template <class T, class Tiling, int kM, int kN>
MOAT_FN void store(const Tensor<T>& to, const Coord& at, const Accumulator<Tiling, kM, kN>& acc) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Atoms = typename Tiling::Atoms;
  using Matrix = typename Tiling::Matrix;
  using Plan = StorePlan<Acc, T>;
  using Piece = Words<Plan::kPieceBytes>;
  constexpr Runs kRuns = Plan::kRuns;
  constexpr int kPieces = Plan::kPieces;
  const Position origin = Acc::origin();
  T* const first = address(to, at);
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % Plan::kBytes == 0 &&
                       to.row_stride % Plan::kWidth == 0;
  const int lane = Atoms::lane();
  MOAT_UNROLL
  for (int i = 0; i < Acc::kRowAtoms; ++i) {
    MOAT_UNROLL
    for (int j = 0; j < Acc::kColAtoms; j += kPieces) {
      unroll<Matrix::Acc::kRegisters / kRuns.width>([&](auto run) {
        constexpr int kBase = kRuns.base(decltype(run)::value);
        Vec<Piece, kPieces> pieces;
        MOAT_UNROLL
        for (int p = 0; p < kPieces; ++p) {
          pieces.values[p] = round_piece<Atoms, T, kRuns.width>(
              [&](int e) { return acc.values[i][j + p][kBase + e * Plan::kRuns.stride]; });
        }
        if constexpr (kPieces > 1) gather_chunk<Plan, Atoms>(pieces.values);
        const Position in_atom = Matrix::Acc::at(Plan::first_lane(lane), kBase);
        const int row = origin.row + i * Matrix::m + in_atom.row;
        const int col = origin.col + (j + Plan::atom(lane)) * Matrix::n + in_atom.col;
        const int rest = at.row + row < to.rows ? to.cols - at.col - col : 0;
        T* p = first + row * to.row_stride + col;
        if (aligned && rest >= Plan::kWidth) {
          Atoms::store_global(p, __builtin_bit_cast(Words<Plan::kBytes>, pieces));
        } else {
          const auto elements = __builtin_bit_cast(Vec<T, Plan::kWidth>, pieces);
          MOAT_UNROLL
          for (int e = 0; e < Plan::kWidth; ++e) {
            if (e < rest) Atoms::store_global(p + e, elements.values[e]);
          }
        }
      });
    }
  }
}

// x ← f(x, row, col), row and col in the tile.
template <class Tiling, int kM, int kN, class F>
MOAT_FN void map_indexed(Accumulator<Tiling, kM, kN>& acc, F f) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Matrix = typename Tiling::Matrix;
  const Position origin = Acc::origin();
  Acc::for_each([&](int i, int j, auto r) {
    const Position at = Matrix::Acc::at(Tiling::Atoms::lane(), r);
    float& x = acc.values[i][j][r];
    x = f(x, origin.row + i * Matrix::m + at.row, origin.col + j * Matrix::n + at.col);
  });
}

// x ← f(x, value of its row)
template <class Tiling, int kM, int kN, class F>
MOAT_FN void map_rows(Accumulator<Tiling, kM, kN>& acc, const Rows<Tiling, kM>& rows, F f) {
  using Acc = Accumulator<Tiling, kM, kN>;
  Acc::for_each([&](int i, int j, auto r) {
    constexpr int kSlot = Acc::kSlots.slot[decltype(r)::value];
    acc.values[i][j][r] = f(acc.values[i][j][r], rows.values[i][kSlot]);
  });
}

// x ← f(x, value of its column), of the tensor's row from the coordinate on; 0 beyond it.
template <class Tiling, int kM, int kN, class F>
MOAT_FN void map_columns(Accumulator<Tiling, kM, kN>& acc, const Tensor<const float>& from,
                         const Coord& at, F f) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Matrix = typename Tiling::Matrix;
  const float* const row = address(from, at);
  const int last = from.cols - at.col;
  MOAT_UNROLL
  for (int j = 0; j < Acc::kColAtoms; ++j) {
    unroll<Matrix::Acc::kRegisters>([&](auto r) {
      const int col =
          Acc::origin().col + j * Matrix::n + Matrix::Acc::at(Tiling::Atoms::lane(), r).col;
      const float value = col < last ? Tiling::Atoms::template load_global<float>(row + col) : 0.0f;
      MOAT_UNROLL
      for (int i = 0; i < Acc::kRowAtoms; ++i) acc.values[i][j][r] = f(acc.values[i][j][r], value);
    });
  }
}

// sum ← sum + part · value of its row · factor
template <class Tiling, int kM, int kN>
MOAT_FN void add_scaled(Accumulator<Tiling, kM, kN>& sum, const Accumulator<Tiling, kM, kN>& part,
                        const Rows<Tiling, kM>& rows, float factor) {
  using Acc = Accumulator<Tiling, kM, kN>;
  Acc::for_each([&](int i, int j, auto r) {
    constexpr int kSlot = Acc::kSlots.slot[decltype(r)::value];
    float& x = sum.values[i][j][r];
    x = __builtin_fmaf(part.values[i][j][r], rows.values[i][kSlot] * factor, x);
  });
}

// Combines every row of acc with f, which is associative and commutative.
template <class Tiling, int kM, int kN, class F>
MOAT_FN Rows<Tiling, kM> combine_rows(const Accumulator<Tiling, kM, kN>& acc, float identity, F f) {
  using Acc = Accumulator<Tiling, kM, kN>;
  constexpr int kMask = kRowMask<typename Tiling::Matrix::Acc, Tiling::kLanes>;
  static_assert(Tiling::kWavesN == 1, "a row must belong to one wave");
  Rows<Tiling, kM> rows;
  rows.for_each([&](int i, int s) { rows.values[i][s] = identity; });
  Acc::for_each([&](int i, int j, auto r) {
    constexpr int kSlot = Acc::kSlots.slot[decltype(r)::value];
    float& row = rows.values[i][kSlot];
    row = f(row, acc.values[i][j][r]);
  });
  Rows<Tiling, kM>::for_each([&](int i, int s) {
    float& row = rows.values[i][s];
    unroll<6>([&](auto bit) {
      if constexpr (kMask >> decltype(bit)::value & 1) {
        row = f(row, Tiling::Atoms::shuffle_xor(row, 1 << bit));
      }
    });
  });
  return rows;
}

// acc rounded to T as the left operand of the next product.
template <class T, class Tiling, int kM, int kN>
MOAT_FN Operand<Tiling, T, kM, kN> as_operand(const Accumulator<Tiling, kM, kN>& acc) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Atoms = typename Tiling::Atoms;
  using Result = Operand<Tiling, T, kM, kN>;
  Result operand;
  MOAT_UNROLL
  for (int i = 0; i < Acc::kRowAtoms; ++i) {
    MOAT_UNROLL
    for (int j = 0; j < Acc::kColAtoms; ++j) {
      unroll<Tiling::Matrix::Acc::kRegisters / Result::kPerValue>([&](auto v) {
        const auto& x = acc.values[i][j];
        auto& to = operand.values[i][j][v];
        if constexpr (Result::kPerValue == 2) {
          to = pack<T, Atoms>(x[2 * v], x[2 * v + 1]);
        } else if constexpr (kPerWord<typename Result::Element> == 2) {
          to = Atoms::template narrow<T>(x[v]).bits;
        } else {
          to = to_element<Tiling>(Atoms::template narrow<T>(x[v]));
        }
      });
    }
  }
  return operand;
}

// The tensor's column of the coordinate, from its row on; 0 below the last one.
template <class Tiling, int kM, class U>
MOAT_FN Rows<Tiling, kM> load_rows(const Tensor<const U>& from, const Coord& at) {
  using Tile = typename Rows<Tiling, kM>::Tile;
  using Matrix = typename Tiling::Matrix;
  Rows<Tiling, kM> rows;
  unroll<Tile::kSlots.count>([&](auto s) {
    constexpr int kRegister = Tile::kSlots.register_[decltype(s)::value];
    const int held = Matrix::Acc::at(Tiling::Atoms::lane(), kRegister).row;
    MOAT_UNROLL
    for (int i = 0; i < Tile::kRowAtoms; ++i) {
      Coord row = at;
      row.row += Tile::origin().row + i * Matrix::m + held;
      float& value = rows.values[i][s];
      value = row.row < from.rows
                  ? decode(Tiling::Atoms::template load_global<U>(address(from, row)))
                  : 0.0f;
    }
  });
  return rows;
}

// Column 0 of the tensor from the coordinate's row on.
template <class Tiling, int kM>
MOAT_FN void store_rows(const Tensor<float>& to, const Coord& at, const Rows<Tiling, kM>& rows) {
  using Tile = typename Rows<Tiling, kM>::Tile;
  using Matrix = typename Tiling::Matrix;
  static_assert(Tiling::kWavesN == 1);
  const int lane = Tiling::Atoms::lane();
  unroll<Tile::kSlots.count>([&](auto s) {
    constexpr int kRegister = Tile::kSlots.register_[decltype(s)::value];
    const Position held = Matrix::Acc::at(lane, kRegister);
    if (held.col != 0) return;
    MOAT_UNROLL
    for (int i = 0; i < Tile::kRowAtoms; ++i) {
      const int row = at.row + Tile::origin().row + i * Matrix::m + held.row;
      if (row < to.rows) {
        Tiling::Atoms::store_global(address(to, {.row = row, .head = at.head, .batch = at.batch}),
                                    rows.values[i][s]);
      }
    }
  });
}

}  // namespace moat::simt
