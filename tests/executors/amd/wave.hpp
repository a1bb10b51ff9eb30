// SPDX-License-Identifier: Apache-2.0
// What a wave and its block hold while they run.
//
// Values that nothing wrote, and those computed from them, are undefined: registers know it for
// each lane (vector) or bit (scalar), LDS for each byte. Undefined values may be copied and
// computed with, as compilers do in lanes that do not matter; a fault is what depends on them: an
// address, a branch, EXEC, what is stored to global memory.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/executors/amd/fault.hpp"
#include "tests/executors/amd/global_memory.hpp"
#include "tests/executors/amd/instruction.hpp"

namespace moat::amdgcn {

// Where an undefined value in a vector register comes from, if it came from LDS: the read that
// brought it, and of its lanes the first whose bytes are undefined.
struct Origin {
  static constexpr std::uint32_t kNone = ~0u;
  std::uint32_t line = kNone;
  std::uint32_t byte = 0;
  std::uint8_t lane = 0;
  bool written = false;  // an undefined value was stored there
};

// An operation of memory that was issued and that no wait has demanded yet. What it brings goes to
// the registers in that wait, as late as the counters allow.
struct Pending {
  enum class Kind : std::uint8_t { load, store, lds_read, lds_write, scalar_load };
  Kind kind = Kind::load;
  std::uint8_t words = 0;  // registers that it fills
  std::uint16_t first = 0;
  std::uint64_t lanes = 0;
  std::uint32_t line = 0;
  std::array<std::uint64_t, 4> defined{};  // by word
  std::array<LaneValues, 4> data;          // by word; scalar words in data[0]
  // Of LDS accesses.
  std::uint32_t bytes = 0;
  LaneValues address;
  std::uint32_t second = 0;  // the second access lies so far behind the first; 0: there is none
  Origin origin;             // of what is undefined in what is read
};

// Operations in the order of issue. Storage is kept.
class PendingQueue {
 public:
  std::size_t size() const { return size_; }
  Pending& push() {
    if (size_ == ring_.size()) grow();
    return ring_[(first_ + size_++) % ring_.size()];
  }
  Pending& front() { return ring_[first_]; }
  Pending& operator[](std::size_t i) { return ring_[(first_ + i) % ring_.size()]; }
  const Pending& operator[](std::size_t i) const { return ring_[(first_ + i) % ring_.size()]; }
  void pop() {
    first_ = (first_ + 1) % ring_.size();
    --size_;
  }
  void clear() { size_ = 0; }

 private:
  void grow();
  std::vector<Pending> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

// Who accessed a word of LDS since which barrier. Epochs count barriers.
struct LdsWord {
  static constexpr std::uint8_t kSeveral = 255;
  std::uint32_t write_epoch = 0;
  std::uint32_t store = 0;  // number of the last one
  std::uint32_t read_epoch = 0;
  std::uint8_t writer = 0;
  std::uint8_t reader = 0;
};

struct Lds {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> defined;  // by byte, 0 or 255
  std::vector<LdsWord> words;
  std::uint32_t epoch = 1;
  std::uint32_t first_epoch = 1;  // of the block
  std::uint32_t stores = 0;

  // For the next block: nothing is defined.
  void reset(std::size_t size);
  // Whether the block stored anything there.
  bool written(std::uint32_t address) const {
    return words[address / 4].write_epoch >= first_epoch;
  }
  void touch_read(std::uint32_t address, std::uint32_t size, std::uint8_t wave);
  void touch_write(std::uint32_t address, std::uint32_t size, std::uint8_t wave);
};

// What one launch shares.
struct Context {
  const GlobalMemory* memory = nullptr;
  const Program* program = nullptr;
  int wave_width = 64;
  bool separate_stores = false;  // gfx10 and newer count stores apart (VSCNT)
  // What the counters hold at most; an operation beyond that waits for the oldest.
  static constexpr std::size_t kMostVectorMemory = 63;
  std::size_t most_lds() const { return separate_stores ? 63 : 15; }
  bool flushes_matrix_denormals = false;  // gfx90a
  Lds lds;
  // Waves that passed a barrier with stores to global memory that they had not waited for.
  std::uint64_t unreleased = 0;
  std::vector<std::uint32_t>* completions = nullptr;  // by line: operations that a wait ended
};

enum class State : std::uint8_t { running, at_barrier, ended };

struct Wave {
  Context* context = nullptr;
  std::uint8_t number = 0;
  State state = State::running;
  std::uint32_t pc = 0;
  std::uint64_t executed = 0;  // instructions, of all parts between barriers
  bool scc = false;
  bool scc_defined = false;
  bool known = true;  // whether what the instruction read so far is defined
  std::array<std::uint32_t, kScalars> s{};
  std::array<std::uint32_t, kScalars> s_defined{};
  std::array<bool, kScalars> s_pending{};
  std::vector<LaneValues> v;
  std::vector<std::uint64_t> v_defined;  // lanes
  std::vector<std::uint64_t> v_pending;  // lanes that a load under way will fill
  std::vector<Origin> v_origin;          // of undefined values
  PendingQueue vector_memory;
  PendingQueue stores;
  PendingQueue lds;
  PendingQueue scalar_loads;

  std::uint64_t exec() const { return pair(s, kExec); }
  std::uint64_t full() const { return context->wave_width == 64 ? ~0ull : 0xffffffffull; }

  static std::uint64_t pair(const std::array<std::uint32_t, kScalars>& words, int first) {
    std::uint64_t value = 0;
    std::memcpy(&value, &words[static_cast<std::size_t>(first)], sizeof value);
    return value;
  }

  // Scalar operands. What is undefined clears `known`.
  std::uint32_t scalar(const Operand& o) {
    if (o.kind == Operand::Kind::constant) return static_cast<std::uint32_t>(o.value);
    if (s_defined[o.index] != ~0u) undefined_scalar(o, 1);
    return s[o.index];
  }
  std::uint64_t scalar64(const Operand& o) {
    if (o.kind == Operand::Kind::constant) return o.value;
    if (pair(s_defined, o.index) != ~0ull) undefined_scalar(o, 2);
    return pair(s, o.index);
  }
  // The value with its defined bits.
  struct Bits {
    std::uint64_t value;
    std::uint64_t defined;
  };
  Bits bits(const Operand& o, bool wide) {
    if (o.kind == Operand::Kind::constant) return {o.value, ~0ull};
    if (wide) {
      if (pair(s_defined, o.index) != ~0ull) check_pending_scalar(o, 2);
      return {pair(s, o.index), pair(s_defined, o.index)};
    }
    if (s_defined[o.index] != ~0u) check_pending_scalar(o, 1);
    return {s[o.index], s_defined[o.index]};
  }
  // A mask of lanes.
  Bits mask(const Operand& o) { return bits(o, context->wave_width == 64); }

  void set_scalar(const Operand& d, std::uint32_t value, bool defined) {
    set_bits(d, {value, defined ? ~0ull : 0}, false);
  }
  void set_scalar64(const Operand& d, std::uint64_t value, bool defined) {
    set_bits(d, {value, defined ? ~0ull : 0}, true);
  }
  void set_bits(const Operand& d, Bits b, bool wide) {
    set_word(d.index, static_cast<std::uint32_t>(b.value), static_cast<std::uint32_t>(b.defined));
    if (wide) {
      set_word(d.index + 1, static_cast<std::uint32_t>(b.value >> 32),
               static_cast<std::uint32_t>(b.defined >> 32));
    }
  }
  void set_mask(const Operand& d, Bits b) { set_bits(d, b, context->wave_width == 64); }
  void set_word(int index, std::uint32_t value, std::uint32_t defined) {
    if (index == kNull || index == kNull + 1) return;
    const auto i = static_cast<std::size_t>(index);
    if (s_pending[i]) overwritten_scalar(index);
    if (index >= kExec && defined != ~0u) throw Fault("EXEC becomes undefined");
    s[i] = value;
    s_defined[i] = defined;
  }
  void set_scc(bool value) {
    scc = value;
    scc_defined = known;
  }

  void undefined_scalar(const Operand& o, int words) {
    check_pending_scalar(o, words);
    known = false;
  }
  void check_pending_scalar(const Operand& o, int words) const;
  [[noreturn]] void overwritten_scalar(int index) const;

  // Vector operands: the lanes' values of one word, in a register, a constant or in `temporary`.
  // Lanes that are undefined are cleared in `defined`.
  const std::uint32_t* lanes(const Operand& o, LaneValues& temporary, std::uint64_t& defined,
                             int word = 0) {
    const auto at = static_cast<std::size_t>(o.index + word);
    const std::uint32_t* values = nullptr;
    if (o.kind == Operand::Kind::vector) {
      defined &= v_defined[at];
      values = v[at].lane;
    } else if (o.kind == Operand::Kind::scalar) {
      if (s_defined[at] != ~0u) {
        check_pending_scalar(o, o.words);
        defined = 0;
      }
      const std::uint32_t value = s[at];
      for (std::uint32_t& lane : temporary.lane) lane = value;
      values = temporary.lane;
    } else {
      values = o.broadcast[word].lane;
    }
    if (o.select != Select::dword) values = selected(o, values, temporary);
    return values;
  }
  // The same with the modifiers of floating point.
  const std::uint32_t* floats(const Operand& o, LaneValues& temporary, std::uint64_t& defined,
                              int word = 0) {
    const std::uint32_t* values = lanes(o, temporary, defined, word);
    if (o.negative || o.absolute) {
      const std::uint32_t keep = o.absolute ? 0x7fffffffu : ~0u;
      const std::uint32_t flip = o.negative ? 0x80000000u : 0u;
      for (int l = 0; l < kLanes; ++l) temporary.lane[l] = (values[l] & keep) ^ flip;
      values = temporary.lane;
    }
    return values;
  }
  static const std::uint32_t* selected(const Operand& o, const std::uint32_t* values,
                                       LaneValues& temporary);

  // Writes the active lanes of a register. `defined`: of the values.
  void set_lanes(const Instruction& i, int index, const std::uint32_t* values,
                 std::uint64_t defined) {
    const auto at = static_cast<std::size_t>(index);
    const std::uint64_t active = exec();
    if ((active & ~(defined & v_defined[at])) != 0) {
      check_pending(i, index);
      if ((active & ~defined) != 0) v_origin[at] = origin_of(i);
    }
    v_defined[at] = (v_defined[at] & ~active) | (active & defined);
    std::uint32_t* const to = v[at].lane;
    if (active == full()) {
      std::memcpy(to, values, sizeof(LaneValues));
      return;
    }
    blend(to, values, active);
  }
  static void blend(std::uint32_t* to, const std::uint32_t* values, std::uint64_t active) {
    const auto low = static_cast<std::uint32_t>(active);
    const auto high = static_cast<std::uint32_t>(active >> 32);
    for (std::uint32_t l = 0; l < 32; ++l) to[l] = (low >> l & 1u) != 0 ? values[l] : to[l];
    if (high == 0) return;
    for (std::uint32_t l = 0; l < 32; ++l) {
      to[32 + l] = (high >> l & 1u) != 0 ? values[32 + l] : to[32 + l];
    }
  }
  // Faults if a vector register that the instruction reads or writes waits for a load.
  void check_pending(const Instruction& i, int destination) const;
  // The same for one register.
  void check_arrived(int index, std::uint64_t active, const char* what) const;
  // Of what is undefined in the instruction's vector operands.
  Origin origin_of(const Instruction& i) const;
  // Faults if an active lane's value is undefined, or still under way.
  void demand(const Operand& o, std::uint64_t defined, std::uint64_t active,
              const char* what) const;

  // Ends the oldest operations until one more can be counted.
  void make_room(PendingQueue& queue, std::size_t most);

  // Ends the oldest operations until `left` are under way.
  void wait_vector_memory(std::size_t left);
  void wait_stores(std::size_t left);
  void wait_lds(std::size_t left);
  void deliver(const Pending& p);
  void count_completion(std::size_t operations);
};

// Where a lane is, in messages.
std::string in_lane(std::uint64_t lanes);

}  // namespace moat::amdgcn
