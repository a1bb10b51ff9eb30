// SPDX-License-Identifier: Apache-2.0
// One emulated block: its lanes, their clocks, its shared memory and the units that serve it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/emulator/async_copy.hpp"
#include "tests/emulator/barriers.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/device_scope.hpp"
#include "tests/emulator/emulator.hpp"
#include "tests/emulator/mbarrier.hpp"
#include "tests/emulator/registers.hpp"
#include "tests/emulator/scheduler.hpp"
#include "tests/emulator/shadow.hpp"
#include "tests/emulator/warpgroup.hpp"

namespace moat::emulator {

// Where shared memory begins in its 32-bit window.
inline constexpr std::size_t kSharedWindow = 1024;

struct Lane {
  enum class Waits : std::uint8_t { no, barrier, wave, mbarrier, wgmma, registers, ended };

  Place place;
  Actor actor = 0;
  Time time = 1;
  // What the lane knows beyond its wave since that met last; unused if `alone` is false.
  VectorClock own;
  bool alone = false;

  Waits waits = Waits::no;
  OperationId operation = 0;  // at which it waits
  std::size_t subject = 0;    // the barrier's number, the mbarrier's offset …
  void* arguments = nullptr;  // of an instruction of the wave
};

class ThreadBlock {
 public:
  static constexpr std::size_t kMaxMbarriers = 32;
  static constexpr int kWarpgroup = 128;  // lanes

  ThreadBlock(const Grid& grid, int index, unsigned char* arena, Shadow& shadow,
              DeviceScope& device, const std::function<void(unsigned char*)>& entry);

  // The block that runs on this thread, and its lane.
  static ThreadBlock& current();
  Lane& lane() { return *lane_; }

  void run();

  const Grid& grid() const { return grid_; }
  int size() const { return static_cast<int>(lanes_.size()); }
  Lane& lane(int thread) { return lanes_[static_cast<std::size_t>(thread)]; }
  const Lane& lane(int thread) const { return lanes_[static_cast<std::size_t>(thread)]; }
  std::span<Lane> lanes() { return lanes_; }
  std::span<Lane> lanes_of_wave(int wave) {
    const auto width = static_cast<std::size_t>(grid_.wave_width);
    return std::span(lanes_).subspan(static_cast<std::size_t>(wave) * width, width);
  }

  // The lane waits until it is woken.
  void wait(Lane::Waits waits, const Operation& operation, std::size_t subject);
  void wake(Lane& lane);
  void wake_wave(int wave);
  void turn() { scheduler_.turn(); }

  // An instruction of a whole wave, see emulator.hpp.
  void together(const Operation& operation, void* arguments, Execute execute, bool orders);

  // Clocks.
  std::size_t actors() const { return actors_; }
  Actor warpgroup_actor(int warpgroup) const {
    return static_cast<Actor>(lanes_.size() + static_cast<std::size_t>(warpgroup));
  }
  Actor mbarrier_actor(std::size_t index) const {
    return static_cast<Actor>(actors_ - kMaxMbarriers + index);
  }
  const VectorClock& clock(const Lane& lane) const;
  // What `lane` did so far and knows becomes known to whoever acquires `clock`.
  void release(Lane& lane, VectorClock& clock);
  void acquire(Lane& lane, const VectorClock& clock);
  void learn(Lane& lane, Actor actor, Time time);
  bool knows(const Lane& lane, Actor actor, Time time) const;
  // The lanes of a wave know what each of them knows.
  void converge(int wave);
  // …and `clock`.
  void converge(int wave, const VectorClock& clock);

  // Shared memory.
  unsigned char* arena() { return arena_; }
  Shadow& shadow() { return shadow_; }
  Access access(Lane& lane, OperationId operation);
  // Offset of p; a fault unless the bytes lie in shared memory and p is a multiple of `alignment`.
  std::size_t offset(const void* p, std::size_t bytes, std::size_t alignment, const Lane& lane,
                     const Operation& operation) const;
  void read_shared(const void* p, std::size_t bytes, std::size_t alignment, Lane& lane,
                   const Operation& operation);
  void write_shared(const void* p, std::size_t bytes, std::size_t alignment, Lane& lane,
                    const Operation& operation);

  // What the current lane knows of becomes visible to the asynchronous proxy.
  void fence_async();
  const VectorClock& fenced() const { return fenced_; }

  // Global memory.
  void check_global(const void* p, std::size_t bytes, const Lane& lane,
                    const Operation& operation) const;
  // By an instruction of the current lane.
  void stored_global(const void* p, std::size_t bytes);
  void device_fence();
  void device_atomic(const Operation& operation);

  // Faults.
  std::string name(Actor actor) const;
  [[noreturn]] void fail(const Lane& lane, const Operation& operation,
                         const std::string& what) const;
  // Throws if there is a conflict.
  void check(const std::optional<Conflict>& conflict, const Lane& lane,
             const Operation& operation) const;

  Barriers barriers;
  Mbarriers mbarriers;
  AsyncCopies copies;
  Warpgroups warpgroups;
  Registers registers;

 private:
  struct Wave {
    VectorClock clock;
    bool changed = false;  // lanes accessed memory since they met last
    int arrived = 0;       // at an instruction of the wave
    Operation operation{};
    std::array<void*, 64> arguments{};
  };

  Wave& wave_of(const Lane& lane) { return waves_[static_cast<std::size_t>(lane.place.wave)]; }
  void unblock();
  std::string describe(const Lane& lane) const;
  [[noreturn]] void fail_deadlocked() const;
  void finish();

  const Grid& grid_;
  int index_;
  unsigned char* arena_;
  Shadow& shadow_;
  std::size_t actors_;
  std::vector<Lane> lanes_;
  std::vector<Wave> waves_;
  VectorClock fenced_;
  DeviceScope& device_;
  std::vector<Time> fences_since_atomic_;  // each lane's last one since the block's atomic; 0: none
  std::vector<Time> device_fences_;        // each lane's last one; 0: none
  std::vector<Time> device_atomics_;       // likewise
  Lane* lane_ = nullptr;
  Scheduler scheduler_;
};

}  // namespace moat::emulator
