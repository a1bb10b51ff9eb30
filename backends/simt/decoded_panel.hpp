// SPDX-License-Identifier: Apache-2.0
// Operands that lie in global memory as codes (problems/codes.hpp) and become elements on the way
// into shared memory.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "backends/simt/accumulator.hpp"
#include "backends/simt/paged_panel.hpp"

namespace moat::simt {

// A matrix of codes in global memory: its units of storage as elements of a matrix, which is read
// in chunks.
template <class E>
struct CodeSource {
  using Code = E;
  simt::Source<Code> units;
};

// With a scale for each group, a column of `scales`.
template <class C, class Scale>
struct CodeSource<Grouped<C, Scale>> {
  using Code = C;
  simt::Source<Code> units;
  Tensor<const Scale> scales;
};

template <class C>
MOAT_SHARED_FN CodeSource<C> make_code_source(const Tensor<const C>& codes) {
  static_assert(kPerUnit<C> == 1, "a row of a tensor may end within a unit");
  return {make_source(codes)};
}

template <class C, class Scale>
MOAT_SHARED_FN CodeSource<Grouped<C, Scale>> make_code_source(const Grouped<C, Scale>& w) {
  const auto dense = []<class U>(const U* data, int rows, int cols) {
    return Tensor<const U>{data, rows, cols, cols};
  };
  return {make_source(dense(w.codes, w.rows, w.cols / kPerUnit<C>)),
          dense(w.scales, w.rows, w.cols / kGroup<C>)};
}

// The panel P, whose source holds E: codes, or Grouped ones.
template <class P, class E>
struct Decoded : P {
  // What it is decoded from, as that lies in global memory; columns are units.
  struct Codes {
    using Value = typename CodeSource<E>::Code;
    using Source = simt::Source<Value>;
    static constexpr int kNumbers = kPerUnit<Value>;
    static constexpr int kRows = P::kRows;
    static constexpr int kCols = P::kCols / kNumbers;
    static constexpr int kPerChunk = kChunkBytes / sizeof(Value);
    static constexpr int kChunksPerRow = kCols / kPerChunk;
    static constexpr int kChunks = kRows * kChunksPerRow;
    static_assert(kCols % kPerChunk == 0 && P::kCols % kNumbers == 0,
                  "a step of k must be whole chunks of codes");

    static constexpr MOAT_SHARED_FN Position stored(Position at) {
      const Position number = P::stored(at);
      return {.row = number.row, .col = number.col / kNumbers};
    }
  };

  using Source = CodeSource<E>;

  static MOAT_SHARED_FN Source bind(const View<E>& view) { return make_code_source(view); }
};

template <class P>
concept DecodedPanel = requires {
  typename P::Codes;
};

template <class P>
concept HasScales = DecodedPanel<P> && requires(const typename P::Source& source) {
  source.scales;
};

// P, or what decodes into it where its source holds other than P's elements, or finds those in
// pages.
template <class P, class E>
struct PanelFrom {
  using type = Decoded<P, E>;
};
template <class P>
struct PanelFrom<P, typename P::Value> {
  using type = P;
};
template <class P>
struct PanelFrom<P, Paged<typename P::Value>> {
  using type = InPages<P>;
};
template <class P>
struct PanelFrom<P, Paged<CodedKey>> {
  using type = InPages<P, CodedKey>;
};
template <class P, class E>
using PanelOf = typename PanelFrom<P, E>::type;

// Chunks that a lane reads of a panel: codes, and behind them a chunk for the scale of each.
template <DecodedPanel P, int kThreads>
inline constexpr int kStagedOf<P, kThreads> = (HasScales<P> ? 2 : 1) *
                                              ceil_div(P::Codes::kChunks, kThreads);

// The scales of a panel's chunks of codes, each of which lies in one group.
template <class Atoms, class P>
class ScaleWindow {
  using Codes = typename P::Codes;
  using Code = typename Codes::Value;
  static constexpr int kUnits = kGroup<Code> / Codes::kNumbers;  // of a group
  static_assert(kUnits % Codes::kPerChunk == 0);

 public:
  MOAT_FN ScaleWindow(const typename P::Source& source, const Coord& at)
      : scales_(source.scales), first_(Codes::stored({.row = at.row, .col = at.col})) {}

  // The bits of a chunk's scale; what lies outside has those of a neighbour, so that no load is
  // branched around.
  MOAT_FN std::uint32_t load(int row, int col) const {
    const Coord at{.row = least(first_.row + row, scales_.rows - 1),
                   .col = least((first_.col + col) / kUnits, scales_.cols - 1)};
    return Atoms::template load_global<Scale>(address(scales_, at)).bits;
  }

  // 0 outside: its codes are 0 too, and a neighbour's scale may be infinite.
  MOAT_FN float scale(int bits, int row, int col) const {
    const bool inside =
        first_.row + row < scales_.rows && (first_.col + col) / kUnits < scales_.cols;
    const Scale scale{static_cast<decltype(Scale::bits)>(bits)};
    if constexpr (std::is_same_v<Scale, e8m0>) {
      return inside ? decode(scale) : 0.0f;
    } else {
      return inside ? Atoms::widen(scale) : 0.0f;
    }
  }

 private:
  using Scale = std::remove_cvref_t<decltype(*P::Source::scales.data)>;

  static MOAT_FN int least(int a, int b) { return a < b ? a : b; }

  const decltype(P::Source::scales)& scales_;
  Position first_;
};

// Writes what a chunk of codes at a row and column (of units) says, times scale.
template <class Atoms, class P>
MOAT_FN void store_decoded(P& panel, const Chunk& codes, float scale, int row, int col) {
  using Codes = typename P::Codes;
  using T = typename P::Value;
  constexpr int kUnits = P::kPerChunk / Codes::kNumbers;  // that become a chunk
  const auto number = [&](int unit, int which) {
    const auto byte = static_cast<std::uint8_t>(codes.words[unit / 4] >> (unit % 4 * 8));
    const float x = decode(__builtin_bit_cast(typename Codes::Value, byte), which);
    return HasScales<P> ? x * scale : x;
  };
  MOAT_UNROLL
  for (int unit = 0; unit < Codes::kPerChunk; unit += kUnits) {
    Atoms::template store_shared<Chunk>(
        panel.chunk(row, (col + unit) * Codes::kNumbers),
        round_piece<Atoms, T, P::kPerChunk>(
            [&](int e) { return number(unit + e / Codes::kNumbers, e % Codes::kNumbers); }));
  }
}

// Reads the codes, and their scales, of the panel's part at logical coordinate `at` into the
// registers `staged`.
template <class Atoms, int kThreads, DecodedPanel P>
MOAT_FN void fetch(const P&, Chunk* staged, const typename P::Source& source, const Coord& at,
                   int thread) {
  using Codes = typename P::Codes;
  fetch_window<Atoms, Codes>(source.units, at, [&](auto load) {
    for_each_chunk<Codes, kThreads>(thread,
                                    [&](int i, int row, int col) { load(staged[i], row, col); });
  });
  if constexpr (HasScales<P>) {
    const ScaleWindow<Atoms, P> scales(source, at);
    for_each_chunk<Codes, kThreads>(thread, [&](int i, int row, int col) {
      staged[ceil_div(Codes::kChunks, kThreads) + i].words[0] = scales.load(row, col);
    });
  }
}

// Writes what `fetch` read, or reads it now, decoded into the panel.
template <class Atoms, int kThreads, DecodedPanel P>
MOAT_FN void commit(P& panel, const Chunk* staged, const typename P::Source& source,
                    const Coord& at, int thread) {
  using Codes = typename P::Codes;
  constexpr int kShare = ceil_div(Codes::kChunks, kThreads);
  Chunk codes[kShare];
  if (fetched<Atoms, Codes>(source.units, at)) {
    for_each_chunk<Codes, kThreads>(thread, [&](int i, int, int) { codes[i] = staged[i]; });
  } else {
    const Window<Codes> window(source.units, at);
    for_each_chunk<Codes, kThreads>(thread, [&](int i, int row, int col) {
      codes[i] = fetch<Atoms>(source.units, window.at(row, col));
    });
  }
  for_each_chunk<Codes, kThreads>(thread, [&](int i, int row, int col) {
    float scale = 1.0f;
    if constexpr (HasScales<P>) {
      // Nothing of it is computed before the products that the loads should run under.
      const int bits = Atoms::opaque(static_cast<int>(staged[kShare + i].words[0]));
      scale = ScaleWindow<Atoms, P>(source, at).scale(bits, row, col);
    }
    store_decoded<Atoms>(panel, codes[i], scale, row, col);
  });
}

// Decodes the panel's part at logical coordinate `at` where other panels are copied: what is
// stored is there for the block after its next barrier, as what has been copied is.
template <class Atoms, int kThreads, DecodedPanel P>
MOAT_FN void copy(P& panel, const typename P::Source& source, const Coord& at, int thread) {
  Chunk staged[kStagedOf<P, kThreads>];
  fetch<Atoms, kThreads>(panel, staged, source, at, thread);
  commit<Atoms, kThreads>(panel, staged, source, at, thread);
}

}  // namespace moat::simt
