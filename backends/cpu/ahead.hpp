// SPDX-License-Identifier: Apache-2.0
// What a worker will read, fetched while it computes: in a loop that reads a row for the first time
// a little ahead of it, in one that goes over it again from the next item's row, for which memory
// would idle meanwhile.
#pragma once

#include <hwy/base.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "backends/cpu/reduce.hpp"

namespace moat::cpu {

// Positions between which a loop fetches ahead.
inline constexpr int kFetched = 64;

class Ahead {
 public:
  // Bytes that a loop fetches ahead of itself: more than memory delivers in the latency of a fetch.
  static constexpr int kLead = 4096;

  // A worker begins an item of a loop; `more` if another one follows.
  void turn(bool more) {
    seen_ = 0;
    fetched_ = std::exchange(fetches_, false);
    more_ = more;
  }

  // `count` elements at x are read from memory for this item. Where they begin at the end of those
  // of the item before, so will those of the next one.
  template <class T>
  void read(const T* x, int count) {
    const std::int64_t bytes = std::int64_t{count} * static_cast<int>(sizeof(T));
    if (seen_ == kMost || bytes > kMostBytes) return;
    const auto* from = reinterpret_cast<const std::byte*>(x);
    Row& row = rows_[seen_++];
    row.follows = from == row.next;
    row.begin = from;
    row.next = from + bytes;
    row.size = sizeof(T);
    row.count = count;
  }

  // Whether anything was read for this item.
  bool told() const { return seen_ > 0; }

  // A row of the next item, to be held in registers by a loop that fetches it.
  class Next {
   public:
    Next() = default;
    Next(const std::byte* from, int size, int count) : from_(from), size_(size), count_(count) {}

    // What is fetched first, of `count` elements; null: nothing is.
    const std::byte* from() const { return from_; }
    int count() const { return count_; }

    // What it reads at kFetched positions from `begin` on.
    HWY_INLINE void fetch(int begin) const {
      if (begin >= count_) return;
      const std::byte* p = from_ + std::int64_t{begin} * size_;
      for (int i = 0; i < size_; ++i) __builtin_prefetch(p + std::ptrdiff_t{i} * kFetched);
    }

   private:
    const std::byte* from_ = nullptr;
    int size_ = 0;
    int count_ = 0;  // elements
  };

  // For row `r` of those that were read: what a loop that does not read it fetches, the next
  // item's.
  HWY_INLINE Next next(int r) const {
    if (r >= seen_ || !rows_[r].follows || !more_) return Next();
    return Next(rows_[r].next, rows_[r].size, rows_[r].count);
  }

  // A loop of this item fetches all that `next` says, so that loops of the next one need not.
  void fetch_next() { fetches_ = next(0).from() != nullptr; }
  bool fetched() const { return fetched_; }

  // What the loop that reads it fetches, a little ahead of itself: where rows follow each other
  // also of the next one.
  HWY_INLINE Next soon(int r) const {
    if (r >= seen_) return Next();
    const Row& row = rows_[r];
    const int count = row.follows ? row.count : row.count - kLead / row.size;
    return Next(row.begin + kLead, row.size, count);
  }

 private:
  struct Row {
    const std::byte* begin = nullptr;
    const std::byte* next = nullptr;
    int size = 0;
    int count = 0;
    bool follows = false;
  };

  static constexpr int kMost = 2;
  // Rows of this item, of the next and what is made of them fit the second cache.
  static constexpr std::int64_t kMostBytes = 128 << 10;
  std::array<Row, kMost> rows_;
  int seen_ = 0;
  bool more_ = false;
  bool fetches_ = false;  // by this item's loops, the next one's rows
  bool fetched_ = false;  // by the last item's loops, this one's
};

// A position of a loop that reads everything for the first time, and fetches ahead of itself.
struct FetchingPosition : StreamedPosition {
  template <class T>
  FloatLanes load(const T* p) const {
    __builtin_prefetch(reinterpret_cast<const std::byte*>(p + offset) + Ahead::kLead);
    return FullPosition::load(p);
  }
  template <class T>
  Pairs load_pairs(const T* p) const {
    const auto* pairs = reinterpret_cast<const std::byte*>(p + 2 * std::int64_t{offset});
    __builtin_prefetch(pairs + Ahead::kLead);
    if constexpr (2 * kLanes * sizeof(T) > 64) __builtin_prefetch(pairs + Ahead::kLead + 64);
    return FullPosition::load_pairs(p);
  }
};

// A position of a loop that tells what it reads `count` elements of.
struct TellingPosition : StreamedPosition {
  Ahead* ahead;
  int count;

  template <class T>
  FloatLanes load(const T* p) const {
    ahead->read(p, count);
    return FullPosition::load(p);
  }
};

// A row that was stored past the caches, and its copy in them.
struct KeptRow {
  const void* stored = nullptr;
  const void* copy = nullptr;
  int count = 0;

  // For a loop over `elements` of them; none if it has fewer.
  KeptRow of(int elements) const { return elements <= count ? *this : KeptRow(); }
};

// A position that reads the row's copy in its stead.
template <class At>
struct BesideKept : At {
  KeptRow row;

  template <class T>
  FloatLanes load(const T* p) const {
    return At::load(p == row.stored ? static_cast<const T*>(row.copy) : p);
  }
};

}  // namespace moat::cpu
