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
// columns. It stays in the registers of its wave.
template <class TilingOf, class T, int kM, int kK>
struct Operand {
  using Tiling = TilingOf;
  using Matrix = typename Tiling::Matrix;
  using Value = T;
  static constexpr int k = kK;
  static constexpr int kRowAtoms = kM / Tiling::kWavesM / Matrix::m;
  static_assert(Tiling::kWavesN == 1, "an operand's rows must belong to one wave");

  typename Matrix::Element values[kRowAtoms][kK / Matrix::n][Matrix::Acc::kRegisters];
};

// Element of a fragment for a stored value.
template <class Tiling, class T>
MOAT_FN typename Tiling::Matrix::Element to_element(T x) {
  if constexpr (std::is_same_v<T, typename Tiling::Matrix::Element>) {
    return x;
  } else {
    return Tiling::Atoms::widen(x);
  }
}

// Reads the fragment whose top left is at `origin` of a panel.
template <class Tiling, class Fragment, class P, class Element>
MOAT_FN void load_fragment(Element (&to)[Fragment::kRegisters], const P& panel, Position origin) {
  using T = typename P::Value;
  constexpr Runs kRuns =
      kWidestRuns<Fragment, Tiling::kLanes, kChunkBytes / sizeof(T), P::kAlongRows>;
  unroll<Fragment::kRegisters / kRuns.width>([&](auto run) {
    constexpr int kBase = kRuns.base(decltype(run)::value);
    const Position at = Fragment::at(Tiling::Atoms::lane(), kBase);
    const Position stored = P::stored({origin.row + at.row, origin.col + at.col});
    const auto words = Tiling::Atoms::template load_shared<Words<kRuns.width * sizeof(T)>>(
        panel.data + stored.row * P::kRowStride + stored.col);
    const auto loaded = __builtin_bit_cast(Vec<T, kRuns.width>, words);
    MOAT_UNROLL
    for (int e = 0; e < kRuns.width; ++e) {
      to[kBase + e * kRuns.stride] = to_element<Tiling>(loaded.values[e]);
    }
  });
}

// Left fragment of atom row i at atom column kStep, from shared memory or from registers.
template <class Tiling, class P, class Element>
MOAT_FN void left_fragment(Element (&to)[Tiling::Matrix::Left::kRegisters], const P& panel,
                           int first_row, int i, int step) {
  using Matrix = typename Tiling::Matrix;
  load_fragment<Tiling, typename Matrix::Left>(to, panel,
                                               {first_row + i * Matrix::m, step * Matrix::k});
}

template <class Tiling, class T, int kM, int kK, class Element, int kStep>
MOAT_FN void left_fragment(Element (&to)[Tiling::Matrix::Left::kRegisters],
                           const Operand<Tiling, T, kM, kK>& operand, int, int i, Index<kStep>) {
  using Matrix = typename Tiling::Matrix;
  using Exchange = OperandExchange<Matrix, Tiling::kLanes>;
  unroll<Matrix::Left::kRegisters>([&](auto r) {
    constexpr auto kSource =
        kOperandExchange<Matrix, Tiling::kLanes>.sources[kStep % Exchange::kPhases]
                                                        [decltype(r)::value];
    constexpr int kAtom = kStep / Exchange::kPhases * Exchange::kAtoms + kSource.atom;
    const Element own = operand.values[i][kAtom][kSource.register_];
    if constexpr (kSource.own_lane) {
      to[r] = own;
    } else {
      to[r] = Tiling::Atoms::shuffle(own, kSource.lane(Tiling::Atoms::lane()));
    }
  });
}

template <class>
inline constexpr bool kInRegisters = false;
template <class Tiling, class T, int kM, int kK>
inline constexpr bool kInRegisters<Operand<Tiling, T, kM, kK>> = true;

// f(step) for every step of a product; a constant where the left operand lies in registers.
template <class L, int kSteps, class F>
MOAT_FN void for_each_step(F f) {
  if constexpr (kInRegisters<L>) {
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
  using Element = typename Matrix::Element;
  constexpr int kLeft = Matrix::Left::kRegisters;
  constexpr int kRight = Matrix::Right::kRegisters;
  static_assert(L::k == R::k && L::k % Matrix::k == 0);
  const Position origin = Acc::origin();
  for_each_step<L, L::k / Matrix::k>([&](auto step) {
    const auto read_left = [&](Element(&to)[kLeft], int i) {
      left_fragment<Tiling>(to, left, origin.row, i, step);
    };
    const auto read_right = [&](Element(&to)[kRight], int j) {
      load_fragment<Tiling, typename Matrix::Right>(to, right,
                                                    {step * Matrix::k, origin.col + j * Matrix::n});
    };
    if constexpr (Acc::kRowAtoms * kLeft + kRight <= Acc::kColAtoms * kRight + kLeft) {
      Element a[Acc::kRowAtoms][kLeft];
      MOAT_UNROLL
      for (int i = 0; i < Acc::kRowAtoms; ++i) read_left(a[i], i);
      MOAT_UNROLL
      for (int j = 0; j < Acc::kColAtoms; ++j) {
        Element b[kRight];
        read_right(b, j);
        MOAT_UNROLL
        for (int i = 0; i < Acc::kRowAtoms; ++i) Matrix::multiply(acc.values[i][j], a[i], b);
      }
    } else {
      Element b[Acc::kColAtoms][kRight];
      MOAT_UNROLL
      for (int j = 0; j < Acc::kColAtoms; ++j) read_right(b[j], j);
      MOAT_UNROLL
      for (int i = 0; i < Acc::kRowAtoms; ++i) {
        Element a[kLeft];
        read_left(a, i);
        MOAT_UNROLL
        for (int j = 0; j < Acc::kColAtoms; ++j) Matrix::multiply(acc.values[i][j], a, b[j]);
      }
    }
  });
}

// Rounds acc to T and writes it at `at`, without what lies outside the matrix.
template <class T, class Tiling, int kM, int kN>
MOAT_FN void store(const Tensor<T>& to, const Coord& at, const Accumulator<Tiling, kM, kN>& acc) {
  using Acc = Accumulator<Tiling, kM, kN>;
  using Matrix = typename Tiling::Matrix;
  constexpr Runs kRuns =
      kWidestRuns<typename Matrix::Acc, Tiling::kLanes, kChunkBytes / sizeof(T), false>;
  constexpr int kBytes = kRuns.width * sizeof(T);
  const Position origin = Acc::origin();
  T* const first = address(to, at);
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(first) % kBytes == 0 && to.row_stride % kRuns.width == 0;
  MOAT_UNROLL
  for (int i = 0; i < Acc::kRowAtoms; ++i) {
    MOAT_UNROLL
    for (int j = 0; j < Acc::kColAtoms; ++j) {
      unroll<Matrix::Acc::kRegisters / kRuns.width>([&](auto run) {
        constexpr int kBase = kRuns.base(decltype(run)::value);
        const Position in_atom = Matrix::Acc::at(Tiling::Atoms::lane(), kBase);
        const int row = origin.row + i * Matrix::m + in_atom.row;
        const int col = origin.col + j * Matrix::n + in_atom.col;
        const int rest = at.row + row < to.rows ? to.cols - at.col - col : 0;
        Vec<T, kRuns.width> values;
        MOAT_UNROLL
        for (int e = 0; e < kRuns.width; ++e) {
          values.values[e] =
              Tiling::Atoms::template narrow<T>(acc.values[i][j][kBase + e * kRuns.stride]);
        }
        T* p = first + row * to.row_stride + col;
        if (aligned && rest >= kRuns.width) {
          Tiling::Atoms::store_global(p, __builtin_bit_cast(Words<kBytes>, values));
        } else {
          MOAT_UNROLL
          for (int e = 0; e < kRuns.width; ++e) {
            if (e < rest) p[e] = values.values[e];
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
  Operand<Tiling, T, kM, kN> operand;
  Accumulator<Tiling, kM, kN>::for_each([&](int i, int j, auto r) {
    operand.values[i][j][r] =
        to_element<Tiling>(Tiling::Atoms::template narrow<T>(acc.values[i][j][r]));
  });
  return operand;
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
      if (row < to.rows)
        *address(to, {.row = row, .head = at.head, .batch = at.batch}) = rows.values[i][s];
    }
  });
}

}  // namespace moat::simt
