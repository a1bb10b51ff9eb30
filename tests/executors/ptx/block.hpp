// SPDX-License-Identifier: Apache-2.0
// One block that runs: its warps, its shared memory and the units that serve it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/shadow.hpp"
#include "tests/emulator/tensor_map.hpp"
#include "tests/executors/ptx/launch.hpp"

namespace moat::ptx {

using emulator::Access;
using emulator::Actor;
using emulator::Conflict;
using emulator::Time;
using emulator::VectorClock;

class Block;

// What the blocks of a grid share.
struct Grid {
  struct Published {
    u32 block;
    VectorClock clock;  // of that block's lanes
  };

  const Kernel& kernel;
  const Shape& shape;
  std::span<const unsigned char> parameters;
  GlobalMemory& memory;
  u32 launch;  // number of the launch
  // What each block's atomic operations made visible to the blocks after it, in their order.
  std::vector<Published> published;
  Counts counts;
};

// A register of a warp: which lanes wrote it, and what is under way.
struct RegisterState {
  u32 defined = 0;
  u32 epoch = 0;    // Warp::epoch at the last write
  u16 writing = 0;  // wgmma under way that accumulate in it
  u16 reading = 0;  // … that read it
};

// Lanes of a warp that stand at the same instruction.
struct Split {
  enum class Waits : std::uint8_t { no, lanes, barrier, mbarrier, wgmma, registers };
  u32 pc = 0;
  u32 mask = 0;
  Waits waits = Waits::no;
  std::size_t subject = 0;  // the barrier's number, the mbarrier's offset …
};

struct Wgmma {
  const Instruction* instruction;
  u32 pc;
  u64 a;
  u64 b;
  bool accumulates;
  VectorClock clock;
};

class Warp {
 public:
  Warp(Block& block, int index);

  // Runs as far as it can.
  void run();
  bool ended() const { return alive_ == 0; }
  bool ready() const;
  // Lanes that wait for this go on.
  void wake(Split::Waits waits, std::size_t subject);

  int index() const { return index_; }
  std::span<const Split> splits() const { return splits_; }

  // Clocks. The second half of a clock is what the asynchronous proxy may see.
  const VectorClock& clock(int lane) const {
    return (alone_ >> lane & 1u) != 0 ? own_[static_cast<std::size_t>(lane)] : clock_;
  }
  void release(u32 mask, VectorClock& clock);
  void acquire(u32 mask, const VectorClock& clock);
  void learn(Actor actor, Time time);
  void converge();
  void join(const VectorClock& clock) { clock_.join(clock); }

  Actor thread(int lane) const { return static_cast<Actor>(index_ * kWarp + lane); }
  Access access(int lane, u32 pc) const;

  // For wgmma.
  u32* registers(const Operand& o) { return file_ + o.slot; }
  void begin_flight(const Instruction& i, bool accumulates);
  void end_flight(const Instruction& i);
  std::deque<Wgmma> wgmmas;
  std::deque<std::size_t> groups;
  std::size_t open_wgmmas = 0;
  u64 committed = 0;
  int register_count = 0;  // setmaxnreg

  // The lanes' cp.async.
  struct Copy {
    std::size_t to;
    u64 from;
    u32 valid;
    u32 pc;
  };
  struct Copies {
    std::vector<Copy> open;
    std::deque<std::vector<Copy>> groups;
  };
  std::array<Copies, kWarp> copies;

  [[noreturn]] void fail(int lane, const std::string& what) const;

 private:
  enum class Flow : std::uint8_t { next, stop };

  bool select();
  void execute();
  void suspend(u32 pc, u32 mask, Split::Waits waits, std::size_t subject);
  bool gather(const Instruction& i, u32& mask);
  void check_operands(const Instruction& i, u32 mask);
  [[noreturn]] void fail_unready(const Instruction& i, u32 mask) const;
  void defined(const Operand& o, u32 mask);

  template <class T>
  T* values(const Operand& o) {
    return reinterpret_cast<T*>(file_ + o.slot);
  }
  const Operand& operand(const Instruction& i, int index) const {
    return kernel_.operands[i.operands + static_cast<u32>(index)];
  }
  u64 address(const Instruction& i, int index, int lane);
  u32 uniform(const Operand& o, u32 mask, const char* what);

  void alu(const Instruction& i, u32 mask);
  const unsigned char* readable_run(const Instruction& i, std::size_t bytes);
  void load(const Instruction& i, u32 mask);
  void store(const Instruction& i, u32 mask);
  const unsigned char* readable(Space space, u64 address, std::size_t bytes, int lane);
  unsigned char* writable(Space space, u64 address, std::size_t bytes, int lane);
  std::size_t shared_offset(u64 address, std::size_t bytes, std::size_t alignment, int lane);
  GlobalMemory::Allocation& global(u64 address, std::size_t bytes, std::size_t alignment, int lane);
  void read_global(GlobalMemory::Allocation& a, std::size_t offset, std::size_t bytes, int lane);
  void check_read_only(u64 address, std::size_t bytes, int lane);
  void write_global(GlobalMemory::Allocation& a, std::size_t offset, std::size_t bytes, int lane);
  // `what` the lane does, in messages.
  void check_order(const GlobalWrite& write, const char* what, int lane);
  void check_order(const GlobalMemory::Allocation& a, const std::vector<GlobalWrite>& writes,
                   const char* what, std::size_t offset, std::size_t bytes, int lane);
  // Notes that the instruction wrote there.
  void note(const GlobalMemory::Allocation& a, std::vector<GlobalWrite>& writes, std::size_t offset,
            std::size_t bytes, int lane);
  void atomic_add(const Instruction& i, u32 mask);
  void fence_device(u32 mask);
  void cp_async(const Instruction& i, u32 mask);
  void cp_async_commit(u32 mask);
  void cp_async_wait(const Instruction& i, u32 mask);
  void load_matrices(const Instruction& i);
  void multiply_matrices(const Instruction& i);
  void shuffle(const Instruction& i, u32 mask);
  Flow barrier(const Instruction& i, bool waits);
  void mbarrier(const Instruction& i, u32 mask);
  Flow try_wait(const Instruction& i, u32 mask);
  void tma(const Instruction& i, u32 mask);
  void issue_wgmma(const Instruction& i);
  Flow wait_wgmma(const Instruction& i);
  Flow set_registers(const Instruction& i, bool more);
  void fence_async(u32 mask);

  Block& block_;
  const Kernel& kernel_;
  int index_;
  std::unique_ptr<u32[]> storage_;
  u32* file_;
  std::vector<RegisterState> states_;
  u32 alive_ = kAllLanes;
  u32 pc_ = 0;  // of the instruction that runs
  Split current_;
  std::vector<Split> splits_;  // others
  u32 next_pc_ = 0;            // the lowest of them that is ready
  u32 tried_ = ~u32{0};        // the mbarrier.try_wait that was not true

  VectorClock clock_;
  std::array<VectorClock, kWarp> own_;
  u32 alone_ = 0;
  Time time_ = 1;

  u32 epoch_ = 1;  // counts wgmma.fence
  bool fenced_ = false;
};

class Block {
 public:
  static constexpr std::size_t kMaxMbarriers = 32;
  static constexpr int kBarriers = 16;
  static constexpr int kGroupWarps = 4;
  static constexpr int kRegisters = 64 << 10;  // of a multiprocessor

  Block(Grid& grid, u32 index, unsigned char* arena, emulator::Shadow& shadow);

  void run();

  Grid& grid() { return grid_; }
  u32 index() const { return index_; }
  const Kernel& kernel() const { return grid_.kernel; }
  std::size_t threads() const { return grid_.shape.threads; }
  std::span<Warp> warps() { return warps_; }

  // Clocks.
  std::size_t actors() const { return actors_; }
  Actor warpgroup_actor(std::size_t group) const { return static_cast<Actor>(threads() + group); }
  Actor mbarrier_actor(std::size_t i) const {
    return static_cast<Actor>(actors_ - kMaxMbarriers + i);
  }
  // Beyond the actors' entries: the last atomic operation that the lane knows of, and the last
  // whose publications it has acquired.
  std::size_t seen() const { return 2 * actors_; }
  std::size_t acquired() const { return 2 * actors_ + 1; }
  VectorClock new_clock() const;

  // Shared memory.
  unsigned char* arena() { return arena_; }
  std::size_t shared_bytes() const { return shared_bytes_; }
  emulator::Shadow& shadow() { return shadow_; }
  void check(const std::optional<Conflict>& conflict, const Warp& warp, int lane) const;

  // bar.sync, bar.arrive of a warp: whether it goes on.
  bool arrive(Warp& warp, u32 id, u32 threads, bool waits, u32 pc);

  // mbarriers.
  void init(Warp& warp, int lane, u64 address, u32 arrivals, u32 pc);
  void fence_init(const Warp& warp, u32 mask);
  void arrive(Warp& warp, int lane, u64 address, u32 bytes);
  // Whether the phase of this parity has completed; its order is acquired. `offset`: where it is.
  bool completed(Warp& warp, u32 mask, u64 address, u32 parity, std::size_t& offset);
  void load(Warp& warp, int lane, u64 address, const emulator::TensorLoad& load, u32 pc);

  // wgmma of a warpgroup.
  std::size_t warpgroup(const Warp& warp) const;
  std::span<Warp> group(std::size_t warpgroup) {
    return warps().subspan(warpgroup * kGroupWarps, kGroupWarps);
  }
  u64 committed_by_all(std::size_t warpgroup);
  u64 computed(std::size_t warpgroup) const { return computed_[warpgroup]; }
  void compute_group(std::size_t warpgroup);
  void wake_group(std::size_t warpgroup);

  // setmaxnreg: whether the registers were there.
  bool set_registers(Warp& warp, int count);
  int registers_in_use() const { return registers_; }

  struct Fence {
    Time time = 0;
    VectorClock clock;
  };
  std::vector<Fence> fences;  // of each thread, the last

  // Counts instructions against the most that a block may execute.
  u64 instructions = 0;

  std::string name(Actor actor) const;
  [[noreturn]] void fail(const Warp& warp, int lane, u32 pc, const std::string& what) const;

 private:
  struct Barrier {
    u32 threads = 0;
    u32 arrived = 0;
    u32 pc = 0;
    int warp = 0;  // the last one
    VectorClock clock;
    std::vector<std::uint8_t> waiting;   // warps
    std::vector<std::uint8_t> arriving;  // … that do not wait
  };
  struct Flight {
    emulator::TensorLoad load;
    int warp;
    int lane;
    u32 pc;
  };
  struct Mbarrier {
    std::size_t offset;
    Actor initialiser;
    Time initialised;
    u32 arrivals;
    u32 missing;
    Actor actor;
    bool fenced = false;
    s64 bytes = 0;
    u32 phase = 0;
    VectorClock arriving;
    VectorClock completed;
    std::vector<Flight> flights;
  };

  Mbarrier& find(const Warp& warp, int lane, u64 address);
  bool waited_for(const Mbarrier& barrier) const;
  bool land();
  void land(Mbarrier& barrier);
  void complete_if_done(Mbarrier& barrier);
  void finish() const;
  std::string describe(const Split& split) const;
  [[noreturn]] void fail_deadlocked() const;

  Grid& grid_;
  u32 index_;
  unsigned char* arena_;
  std::size_t shared_bytes_;
  emulator::Shadow& shadow_;
  std::size_t actors_;
  std::vector<Warp> warps_;
  std::array<Barrier, kBarriers> barriers_;
  std::vector<Mbarrier> mbarriers_;
  std::vector<u64> computed_;  // groups of each warpgroup
  int registers_ = 0;
  bool backward_ = false;
};

}  // namespace moat::ptx
