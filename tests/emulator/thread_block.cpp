// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/thread_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <stdexcept>
#include <tuple>

#include "tests/emulator/global_memory.hpp"

namespace moat::emulator {
namespace {

// One thread of the host runs one grid at a time.
thread_local ThreadBlock* current_block = nullptr;

}  // namespace

ThreadBlock& ThreadBlock::current() { return *current_block; }

ThreadBlock::ThreadBlock(const Grid& grid, int index, unsigned char* arena, Shadow& shadow,
                         DeviceScope& device, const std::function<void(unsigned char*)>& entry)
    : copies(static_cast<std::size_t>(grid.waves * grid.wave_width)),
      warpgroups(grid.waves * grid.wave_width),
      registers(grid.waves * grid.wave_width),
      grid_(grid),
      index_(index),
      arena_(arena),
      shadow_(shadow),
      lanes_(static_cast<std::size_t>(grid.waves * grid.wave_width)),
      waves_(static_cast<std::size_t>(grid.waves)),
      device_(device),
      fences_since_atomic_(lanes_.size()),
      device_fences_(lanes_.size()),
      device_atomics_(lanes_.size()),
      scheduler_(grid.waves, grid.wave_width, [this, &entry](int fiber) {
        lane_ = &lane(fiber);
        entry(arena_);
        lane_->waits = Lane::Waits::ended;
      }) {
  actors_ = lanes_.size() + (lanes_.size() + kWarpgroup - 1) / kWarpgroup + kMaxMbarriers;
  if (actors_ >> kActorBits != 0) {
    throw std::invalid_argument(fmt::format("a block of {} lanes", lanes_.size()));
  }
  for (Wave& wave : waves_) wave.clock = VectorClock(actors_);
  fenced_ = VectorClock(actors_);
  // The units of the asynchronous proxy see each other's writes.
  for (std::size_t i = lanes_.size(); i < actors_; ++i) fenced_[i] = ~Time{0};
  int thread = 0;
  for (Lane& lane : lanes_) {
    lane.place = {.lane = thread % grid.wave_width,
                  .wave = thread / grid.wave_width,
                  .block = index,
                  .blocks = grid.blocks};
    lane.actor = static_cast<Actor>(thread++);
  }
}

void ThreadBlock::run() {
  current_block = this;
  scheduler_.run([this] { unblock(); }, index_ % 2 != 0);
  finish();
}

void ThreadBlock::finish() {
  barriers.finish(*this);
  mbarriers.finish(*this);
  registers.finish(*this);
}

void ThreadBlock::wait(Lane::Waits waits, const Operation& operation, std::size_t subject) {
  Lane& mine = *lane_;
  mine.waits = waits;
  mine.operation = intern(operation);
  mine.subject = subject;
  scheduler_.wait();
  lane_ = &mine;
}

void ThreadBlock::wake(Lane& lane) {
  lane.waits = Lane::Waits::no;
  scheduler_.wake(lane.actor);
}

void ThreadBlock::wake_wave(int wave) {
  for (Lane& lane : lanes_of_wave(wave)) lane.waits = Lane::Waits::no;
  scheduler_.wake_group(wave);
}

void ThreadBlock::together(const Operation& operation, void* arguments, Execute execute,
                           bool orders) {
  Lane& mine = *lane_;
  Wave& wave = wave_of(mine);
  if (wave.arrived > 0 && wave.operation.name != operation.name) {
    fail(mine, operation,
         fmt::format("lanes of one wave diverge: others execute {}", text(wave.operation)));
  }
  wave.operation = operation;
  wave.arguments[static_cast<std::size_t>(mine.place.lane)] = arguments;
  if (++wave.arrived < grid_.wave_width) {
    wait(Lane::Waits::wave, operation, 0);
    return;
  }
  wave.arrived = 0;
  execute(std::span(wave.arguments).first(static_cast<std::size_t>(grid_.wave_width)), operation);
  if (orders) converge(mine.place.wave);
  wake_wave(mine.place.wave);
}

const VectorClock& ThreadBlock::clock(const Lane& lane) const {
  return lane.alone ? lane.own : waves_[static_cast<std::size_t>(lane.place.wave)].clock;
}

void ThreadBlock::release(Lane& lane, VectorClock& clock) {
  clock.join(this->clock(lane));
  clock[lane.actor] = lane.time++;
  wave_of(lane).changed = true;
}

void ThreadBlock::acquire(Lane& lane, const VectorClock& clock) {
  if (!lane.alone) lane.own = wave_of(lane).clock;
  lane.alone = true;
  lane.own.join(clock);
}

bool ThreadBlock::knows(const Lane& lane, Actor actor, Time time) const {
  return actor == lane.actor || clock(lane)[actor] >= time;
}

void ThreadBlock::learn(Lane& lane, Actor actor, Time time) {
  if (clock(lane)[actor] >= time) return;
  if (!lane.alone) lane.own = wave_of(lane).clock;
  lane.alone = true;
  lane.own[actor] = time;
}

void ThreadBlock::converge(int wave) {
  Wave& w = waves_[static_cast<std::size_t>(wave)];
  for (Lane& lane : lanes_of_wave(wave)) {
    if (!lane.alone) continue;
    w.clock.join(lane.own);
    lane.alone = false;
  }
  if (!w.changed) return;
  for (Lane& lane : lanes_of_wave(wave)) w.clock[lane.actor] = lane.time++;
  w.changed = false;
}

void ThreadBlock::converge(int wave, const VectorClock& clock) {
  converge(wave);
  waves_[static_cast<std::size_t>(wave)].clock.join(clock);
}

Access ThreadBlock::access(Lane& lane, OperationId operation) {
  if (lane.time >> kTimeBits != 0) {
    throw std::length_error(
        fmt::format("a block too long for the emulator: lane {} of wave {} met "
                    "others more than {} times",
                    lane.place.lane, lane.place.wave, 1 << kTimeBits));
  }
  wave_of(lane).changed = true;
  const int begin = lane.actor - lane.place.lane;
  return {.actor = lane.actor,
          .time = lane.time,
          .operation = operation,
          .clock = clock(lane).data(),
          .wave_begin = static_cast<Actor>(begin),
          .wave_end = static_cast<Actor>(begin + grid_.wave_width)};
}

std::size_t ThreadBlock::offset(const void* p, std::size_t bytes, std::size_t alignment,
                                const Lane& lane, const Operation& operation) const {
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  const auto begin = reinterpret_cast<std::uintptr_t>(arena_);
  if (at < begin || at + bytes > begin + grid_.shared_bytes) {
    fail(lane, operation,
         fmt::format("{} bytes at offset {} of {} bytes of shared memory", bytes,
                     static_cast<std::int64_t>(at - begin), grid_.shared_bytes));
  }
  if (at % alignment != 0) {
    fail(lane, operation,
         fmt::format("misaligned: offset {} of shared memory is not a multiple of {}", at - begin,
                     alignment));
  }
  return at - begin;
}

void ThreadBlock::read_shared(const void* p, std::size_t bytes, std::size_t alignment, Lane& lane,
                              const Operation& operation) {
  const std::size_t at = offset(p, bytes, alignment, lane, operation);
  check(shadow_.read(access(lane, intern(operation)), at, bytes), lane, operation);
}

void ThreadBlock::write_shared(const void* p, std::size_t bytes, std::size_t alignment, Lane& lane,
                               const Operation& operation) {
  const std::size_t at = offset(p, bytes, alignment, lane, operation);
  check(shadow_.write(access(lane, intern(operation)), at, bytes), lane, operation);
}

void ThreadBlock::fence_async() { release(*lane_, fenced_); }

void ThreadBlock::check_global(const void* p, std::size_t bytes, const Lane& lane,
                               const Operation& operation) const {
  if (GlobalMemory::contains(p, bytes)) return;
  fail(lane, operation,
       fmt::format("{} bytes at {} lie outside every allocation of global memory", bytes, p));
}

void ThreadBlock::stored_global(const void* p, std::size_t bytes) {
  device_.stored(p, bytes, lane_->actor, lane_->time);
}

void ThreadBlock::device_fence() {
  Lane& mine = *lane_;
  for (const Lane& other : lanes_) {
    const Time atomic = device_atomics_[other.actor];
    if (atomic != 0 && knows(mine, other.actor, atomic)) device_.acquire();
  }
  device_fences_[mine.actor] = fences_since_atomic_[mine.actor] = mine.time++;
  wave_of(mine).changed = true;
}

// What other waves stored may come later, for them to tell; what this one stored must not. Who
// stored by plain pointers is not known: any lane may have.
void ThreadBlock::device_atomic(const Operation& operation) {
  Lane& mine = *lane_;
  const auto fault = [&](Actor actor) {
    fail(mine, operation,
         fmt::format("other blocks may see it before what this one wrote to global memory: {} "
                     "passed no fence that is ordered before it",
                     name(actor)));
  };
  if (device_.changed()) {
    for (const Lane& other : lanes_) {
      const Time fence = fences_since_atomic_[other.actor];
      if (fence == 0 || !knows(mine, other.actor, fence)) fault(other.actor);
    }
    device_.publish();
  } else {
    device_.publish([&](const DeviceScope::Store& store) {
      const Time fence = device_fences_[store.actor];
      if (fence >= store.time && knows(mine, store.actor, fence)) return true;
      if (lanes_[store.actor].place.wave == mine.place.wave) fault(store.actor);
      return false;
    });
  }
  std::ranges::fill(fences_since_atomic_, 0);
  device_atomics_[mine.actor] = mine.time++;
  wave_of(mine).changed = true;
}

std::string ThreadBlock::name(Actor actor) const {
  if (actor < lanes_.size()) {
    const Place& place = lanes_[actor].place;
    return fmt::format("wave {}, lane {}", place.wave, place.lane);
  }
  if (actor < actors_ - kMaxMbarriers) return fmt::format("warpgroup {}", actor - lanes_.size());
  return "TMA";
}

void ThreadBlock::fail(const Lane& lane, const Operation& operation,
                       const std::string& what) const {
  throw Fault(fmt::format("block {}, wave {}, lane {}: {}: {}", index_, lane.place.wave,
                          lane.place.lane, text(operation), what));
}

void ThreadBlock::check(const std::optional<Conflict>& conflict, const Lane& lane,
                        const Operation& operation) const {
  if (!conflict) return;
  using Kind = Conflict::Kind;
  const bool same_wave =
      conflict->actor < lanes_.size() && lanes_[conflict->actor].place.wave == lane.place.wave;
  const auto fail_with = [&](std::string_view what, std::string_view why) {
    fail(lane, operation,
         fmt::format("at offset {} {} {} by {}{}", conflict->offset, what, name(conflict->actor),
                     text(emulator::operation(conflict->operation)), why));
  };
  const std::string_view race =
      same_wave ? ", with no syncwarp between" : ", with no barrier between";
  switch (conflict->kind) {
    case Kind::read_after_write:
      fail_with("reads what was written by", race);
      break;
    case Kind::write_after_read:
      fail_with("overwrites what was read by", race);
      break;
    case Kind::write_after_write:
      fail_with("overwrites what was written by", race);
      break;
    case Kind::in_flight:
      fail_with("touches what is under way, started by", ", with no wait for it before");
      break;
    case Kind::mbarrier:
      fail_with("touches the mbarrier of", "");
      break;
    case Kind::unfenced:
      fail_with("reads what was written by", ", with no fence_async_shared after it");
      break;
    case Kind::uninitialised:
      fail(lane, operation,
           fmt::format("at offset {} reads shared memory that nothing wrote", conflict->offset));
  }
}

void ThreadBlock::unblock() {
  if (mbarriers.land(*this)) return;
  fail_deadlocked();
}

std::string ThreadBlock::describe(const Lane& lane) const {
  using Waits = Lane::Waits;
  if (lane.waits == Waits::ended) return "have ended";
  const std::string where = text(emulator::operation(lane.operation));
  switch (lane.waits) {
    case Waits::barrier:
      return fmt::format("wait at barrier {}, {}: {}", lane.subject, where,
                         barriers.describe(lane.subject));
    case Waits::mbarrier:
      return fmt::format("wait for the mbarrier at offset {}, {}: {}", lane.subject, where,
                         mbarriers.describe(lane.subject));
    case Waits::wgmma:
      return fmt::format("wait for the warpgroup's other lanes to commit group {}, {}",
                         lane.subject, where);
    case Waits::registers:
      return fmt::format("wait for {} more registers each, {}: {} of {} are in use", lane.subject,
                         where, registers.used(), Registers::kTotal);
    default:
      return fmt::format("wait for the wave's other lanes, {}", where);
  }
}

void ThreadBlock::fail_deadlocked() const {
  // Lanes that wait for the same thing, in the order of their first.
  std::vector<std::tuple<std::string, int, const Lane*>> groups;
  for (const Lane& lane : lanes_) {
    const std::string what = describe(lane);
    const auto same = [&](const auto& group) { return std::get<0>(group) == what; };
    if (const auto it = std::ranges::find_if(groups, same); it != groups.end()) {
      ++std::get<1>(*it);
    } else {
      groups.emplace_back(what, 1, &lane);
    }
  }
  std::string report = fmt::format("block {} is deadlocked:", index_);
  for (const auto& [what, count, first] : groups) {
    report += fmt::format("\n  {} of {} lanes, wave {} lane {} first, {}", count, lanes_.size(),
                          first->place.wave, first->place.lane, what);
  }
  throw Fault(report);
}

}  // namespace moat::emulator
