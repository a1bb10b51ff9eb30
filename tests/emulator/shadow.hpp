// SPDX-License-Identifier: Apache-2.0
// The history of shared memory: for every two bytes who wrote them last, for every four who read
// them since, and what is still to arrive; from the first access to a single byte on for every byte
// and for every two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/operation.hpp"

namespace moat::emulator {

// Who accesses memory and what happened before: `clock` says it of every actor.
struct Access {
  Actor actor;
  Time time;
  OperationId operation;
  const Time* clock;
  // Lanes of the actor's wave; several of them that read a word are remembered as one.
  Actor wave_begin = 0;
  Actor wave_end = 0;

  bool knows(Actor other, Time t) const { return other == actor || clock[other] >= t; }
};

// Why an access is a fault, and whom it conflicts with.
struct Conflict {
  enum class Kind : std::uint8_t {
    read_after_write,
    write_after_read,
    write_after_write,
    uninitialised,
    in_flight,
    mbarrier,
    unfenced,
  };
  Kind kind;
  std::size_t offset;  // in shared memory
  Actor actor = 0;     // the other side
  OperationId operation = 0;
};

class Shadow {
 public:
  explicit Shadow(std::size_t bytes) : words_((bytes + word_bytes_ - 1) / word_bytes_) {}

  // Nothing was written yet.
  void clear() { std::fill(words_.begin(), words_.end(), Word{}); }

  // An access to [offset, offset + bytes), remembered unless it is a conflict. `fenced`, where
  // given, says up to which time each actor's writes are visible to the asynchronous proxy.
  std::optional<Conflict> read(const Access& access, std::size_t offset, std::size_t bytes,
                               const VectorClock* fenced = nullptr);
  std::optional<Conflict> write(const Access& access, std::size_t offset, std::size_t bytes);

  // The destination of a copy that is under way: only `land` may follow.
  std::optional<Conflict> launch(const Access& access, std::size_t offset, std::size_t bytes);
  void land(const Access& access, std::size_t offset, std::size_t bytes);

  // Bytes that only mbarrier instructions may touch.
  std::optional<Conflict> reserve(const Access& access, std::size_t offset, std::size_t bytes);

 private:
  static constexpr std::uint16_t kMbarrier = 0xffff;

  // Actor, time and, of a reader, which halves of the word. 0: none.
  class Stamp {
   public:
    Stamp() = default;
    Stamp(const Access& access, std::uint32_t halves)
        : bits_(halves << (kActorBits + kTimeBits) | std::uint32_t{access.actor} << kTimeBits |
                access.time) {}

    explicit operator bool() const { return bits_ != 0; }
    bool operator==(const Stamp&) const = default;
    Actor actor() const {
      return static_cast<Actor>(bits_ >> kTimeBits & ((1u << kActorBits) - 1));
    }
    Time time() const { return bits_ & ((1u << kTimeBits) - 1); }
    std::uint32_t halves() const { return bits_ >> (kActorBits + kTimeBits); }
    Stamp of_both() const {
      Stamp both = *this;
      both.bits_ |= 3u << (kActorBits + kTimeBits);
      return both;
    }
    void drop(std::uint32_t halves) {
      bits_ &= ~(halves << (kActorBits + kTimeBits));
      if (this->halves() == 0) bits_ = 0;
    }

   private:
    std::uint32_t bits_ = 0;
  };
  static_assert(2 + kActorBits + kTimeBits == 32);

  static constexpr std::size_t kReaders = 4;

  struct Word {
    std::array<Stamp, 2> writer;  // of each half
    std::array<OperationId, 2> writer_operation{};
    std::uint16_t flight = 0;  // the actor that copies, + 1
    OperationId flight_operation = 0;
    std::array<Stamp, kReaders> reader;  // the first ones, as many as there are
    std::array<OperationId, kReaders> reader_operation{};
  };

  // Words of two bytes from now on if the range needs halves of one.
  void refine_for(std::size_t offset, std::size_t bytes);

  // Calls f(word, halves, offset) for every word of a range until f returns a conflict.
  template <class F>
  std::optional<Conflict> each_word(std::size_t offset, std::size_t bytes, F f);

  // Calls f(word, halves) for every word of a range that may be overwritten, until one may not.
  template <class F>
  std::optional<Conflict> overwrite(const Access& access, std::size_t offset, std::size_t bytes,
                                    F f);

  static std::optional<Conflict> busy(const Word& word, std::size_t offset);
  static void remember_reader(Word& word, const Access& access, std::uint32_t halves);
  static std::optional<Conflict> overwrites(const Word& word, const Access& access,
                                            std::uint32_t halves, std::size_t offset);
  static void remember_writer(Word& word, const Access& access, std::uint32_t halves);

  std::size_t word_bytes_ = 4;
  std::vector<Word> words_;
};

}  // namespace moat::emulator
