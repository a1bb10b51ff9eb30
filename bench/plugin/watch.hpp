// SPDX-License-Identifier: Apache-2.0
// Memory that a child process shares with its parent: in which plug-in's call it is.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace moat {

// All counts from 1; 0: none. Written by the child, read by the parent.
struct WatchPage {
  std::atomic<std::int32_t> inside = 0;   // whose call is not over
  std::atomic<std::int32_t> last = 0;     // whose call was the last to begin
  std::atomic<std::int32_t> spoiled = 0;  // who changed what others were given, too
  std::atomic<std::uint64_t> calls = 0;   // begun so far
};
static_assert(std::atomic<std::int32_t>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free);

// Of a file descriptor that holds one. Throws std::runtime_error.
inline WatchPage* map_watch_page(int fd) {
  void* at = mmap(nullptr, sizeof(WatchPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) throw std::runtime_error("the memory of the watch cannot be mapped");
  return static_cast<WatchPage*>(at);
}

// A call of plug-in `index`, from 0, while it lasts. On a device that works on after a call has
// returned, the call lasts until the device was waited for: `leave` false.
class WatchedCall {
 public:
  WatchedCall(WatchPage* page, int index, bool leave = true) : page_(page), leave_(leave) {
    if (page_ == nullptr) return;
    page_->last.store(index + 1, std::memory_order_relaxed);
    page_->calls.fetch_add(1, std::memory_order_relaxed);
    page_->inside.store(index + 1, std::memory_order_relaxed);
  }
  ~WatchedCall() {
    if (page_ != nullptr && leave_) page_->inside.store(0, std::memory_order_relaxed);
  }
  WatchedCall(const WatchedCall&) = delete;
  WatchedCall& operator=(const WatchedCall&) = delete;

 private:
  WatchPage* page_;
  bool leave_;
};

}  // namespace moat
