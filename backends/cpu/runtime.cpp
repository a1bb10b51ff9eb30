// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/runtime.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "backends/cpu/processor.hpp"

namespace moat::cpu {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kSlotAlignment = 256;

// Packed panels of a worker: half of its share of the last-level cache, and no more than this.
constexpr std::size_t kMostKept = kScratchBytes / 2;

// Key steps below which a range is not worth the merge of its partial result.
constexpr int kLeastSteps = 4;

// Ranges per worker that let one on a slow core leave its share to others.
constexpr int kRangesPerWorker = 4;

}  // namespace

Scratch::Scratch()
    : memory_(static_cast<std::byte*>(std::aligned_alloc(kHugePage, kScratchBytes))) {
  if (!memory_) throw std::bad_alloc();
  madvise(memory_.get(), kScratchBytes, MADV_HUGEPAGE);
}

void Scratch::Free::operator()(std::byte* p) const { std::free(p); }

Scratch::Slot::Slot(Scratch& scratch, std::size_t bytes)
    : scratch_(scratch), offset_(scratch.used_) {
  const std::size_t end = offset_ + (bytes + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
  if (end > kScratchBytes) throw std::bad_alloc();
  scratch.used_ = end;
}

Backend::Backend(int threads)
    : threads_(threads),
      scratch_(threads),
      kept_bytes_(std::min(kMostKept, last_level_cache_bytes() / 2 / threads)) {}

void* Backend::workspace(std::size_t bytes) {
  if (workspace_.size() < bytes) workspace_.resize(bytes);
  return workspace_.data();
}

int Backend::splits_for_free_workers(std::int64_t items, int key_steps) const {
  if (threads_ == 1 && items == 1) return 1;
  const int most = std::max(1, key_steps / kLeastSteps);
  // Tiles of several heads: those that share keys find them in the second cache.
  if (items > threads_) return most;
  const auto per_item = static_cast<int>(ceil_div<std::int64_t>(threads_, items));
  return std::max(std::min(key_steps, per_item), std::min(most, kRangesPerWorker * per_item));
}

int Backend::splits_for_all_workers(std::int64_t items, int key_steps) const {
  if (items % threads_ == 0 || items >= std::int64_t{4} * threads_) return 1;
  // The least number of ranges that gives all workers the same share.
  for (int splits = 2; splits < threads_; ++splits) {
    if (items * splits % threads_ == 0)
      return std::clamp(splits, 1, std::max(1, key_steps / kLeastSteps));
  }
  return std::clamp(threads_, 1, std::max(1, key_steps / kLeastSteps));
}

}  // namespace moat::cpu
