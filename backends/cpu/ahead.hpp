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

// Into the second cache: with fetches into the first one loops that also compute were slower.
HWY_INLINE void fetch_line(const std::byte* p) { __builtin_prefetch(p, 0, 2); }

class Ahead {
 public:
  // Bytes that a loop fetches ahead of itself. Twice as many were no faster, and what lies before
  // them in a row that follows no other is not fetched.
  static constexpr int kLead = 2048;

  // A worker begins an item of a loop; `more` if another one follows.
  void turn(bool more) {
    seen_ = 0;
    fetched_ = std::exchange(fetches_, false);
    more_ = more;
  }

  // `count` elements at x are read from memory for this item. Where they begin at the end of those
  // of the item before, so will those of the next one; and where they are as far from those as
  // those were from the ones before, the next ones are too.
  template <class T>
  void read(const T* x, int count) {
    const std::int64_t bytes = std::int64_t{count} * static_cast<int>(sizeof(T));
    if (seen_ == kMost || bytes > kMostBytes) return;
    const auto* from = reinterpret_cast<const std::byte*>(x);
    Row& row = rows_[seen_++];
    // Of addresses: the memory of the item before may be another array's.
    const auto step = static_cast<std::ptrdiff_t>(reinterpret_cast<std::uintptr_t>(from) -
                                                  reinterpret_cast<std::uintptr_t>(row.begin));
    row.follows = row.begin != nullptr && step == row.bytes() && step != 0;
    row.recurs = !row.follows && step == row.step && step != 0;
    row = {from, row.begin == nullptr ? 0 : step, sizeof(T), count, row.follows, row.recurs};
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
      for (int i = 0; i < size_; ++i) fetch_line(p + std::ptrdiff_t{i} * kFetched);
    }

   private:
    const std::byte* from_ = nullptr;
    int size_ = 0;
    int count_ = 0;  // elements
  };

  // What a loop fetches of the row that it reads and, once it has all of that, of the next one.
  class Soon {
   public:
    Soon(const Next& own) : own_(own), then_(own) {}  // NOLINT(google-explicit-constructor)
    // `then` is where element 0 of the next row's would be if its first one had number own.count().
    Soon(const Next& own, const Next& then) : own_(own), then_(then) {}

    const Next& own() const { return own_; }
    const Next& then() const { return then_; }

    HWY_INLINE void fetch(int begin) const {
      if (begin < own_.count()) {
        own_.fetch(begin);
      } else {
        then_.fetch(begin);
      }
    }

   private:
    Next own_;
    Next then_;
  };

  // For row `r` of those that were read: what a loop that does not read it fetches, the next
  // item's.
  HWY_INLINE Next next(int r) const {
    if (r >= seen_ || !more_) return Next();
    const Row& row = rows_[r];
    if (!row.follows && !row.recurs) return Next();
    return Next(row.begin + (row.follows ? row.bytes() : row.step), row.size, row.count);
  }

  // A loop of this item fetches all that `next` says, so that loops of the next one need not.
  void fetch_next() { fetches_ = next(0).from() != nullptr; }
  bool fetched() const { return fetched_; }

  // What the loop that reads it fetches, a little ahead of itself: of the next one too, where it is
  // known.
  HWY_INLINE Soon soon(int r) const {
    if (r >= seen_) return Next();
    const Row& row = rows_[r];
    const std::byte* from = row.begin + kLead;
    if (row.follows && more_) return Next(from, row.size, row.count);
    const Next own(from, row.size, row.count - kLead / row.size);
    if (!row.recurs || !more_) return own;
    if (own.count() <= 0) return next(r);
    return {own, Next(from + row.step - row.bytes(), row.size, row.count)};
  }

 private:
  struct Row {
    const std::byte* begin = nullptr;
    std::ptrdiff_t step = 0;  // from the item before
    int size = 0;
    int count = 0;
    bool follows = false;
    bool recurs = false;

    std::ptrdiff_t bytes() const { return std::ptrdiff_t{count} * size; }
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
    fetch_line(reinterpret_cast<const std::byte*>(p + offset) + Ahead::kLead);
    return FullPosition::load(p);
  }
  template <class T>
  Pairs load_pairs(const T* p) const {
    const auto* soon =
        reinterpret_cast<const std::byte*>(p + 2 * std::int64_t{offset}) + Ahead::kLead;
    fetch_line(soon);
    if constexpr (2 * kLanes * sizeof(T) > 64) fetch_line(soon + 64);
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
