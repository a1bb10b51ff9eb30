// A worker's memory for panels and accumulators: taken and given back like a stack.
#pragma once

#include <cstddef>
#include <memory>

namespace moat::cpu {

// Bytes that the tiles of one work item may take together; pages that are never used cost nothing.
inline constexpr std::size_t kScratchBytes = std::size_t{16} << 20;

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

// An object in scratch memory; its members start uninitialised.
template <class T>
class Scratched {
 public:
  explicit Scratched(Scratch& scratch) : slot_(scratch, sizeof(T)), object_(new(slot_.get()) T) {}
  T& operator*() const { return *object_; }

 private:
  Scratch::Slot slot_;
  T* object_;
};

}  // namespace moat::cpu
