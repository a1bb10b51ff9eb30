// SPDX-License-Identifier: Apache-2.0
// A worker's memory for panels and accumulators: taken and given back like a stack.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace moat::cpu {

// Bytes that the tiles of one work item may take together; pages that are never used cost nothing.
inline constexpr std::size_t kScratchBytes = std::size_t{64} << 20;

class Scratch {
 public:
  Scratch();

  // Memory for the lifetime of the result, aligned to 256 bytes. Throws std::bad_alloc when the
  // tiles of a schedule exceed kScratchBytes.
  class Slot {
   public:
    Slot(Scratch& scratch, std::size_t bytes);
    ~Slot() { scratch_.used_ = offset_; }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    void* get() const { return scratch_.memory_.get() + offset_; }

   private:
    Scratch& scratch_;
    std::size_t offset_;
  };

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t used_ = 0;
};

// An array of objects without constructors in scratch memory. What was left there by an array of
// the same type at the same place is still there.
template <class T>
class Scratched {
 public:
  explicit Scratched(Scratch& scratch, std::size_t count = 1) : slot_(scratch, count * sizeof(T)) {}
  T& operator*() const { return *static_cast<T*>(slot_.get()); }
  T& operator[](std::size_t i) const { return static_cast<T*>(slot_.get())[i]; }

 private:
  static_assert(std::is_trivially_default_constructible_v<T> &&
                std::is_trivially_destructible_v<T>);
  Scratch::Slot slot_;
};

}  // namespace moat::cpu
