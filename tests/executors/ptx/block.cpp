// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "tests/executors/kernel_name.hpp"

namespace moat::ptx {
namespace {

constexpr u32 kMaxCount = (1u << 20) - 1;  // arrivals or bytes of a phase

}  // namespace

Block::Block(Grid& grid, u32 index, unsigned char* arena, emulator::Shadow& shadow)
    : grid_(grid),
      index_(index),
      arena_(arena),
      shared_bytes_(grid.shape.shared_bytes),
      shadow_(shadow) {
  const std::size_t count = threads() / kWarp;
  const std::size_t groups = (count + kGroupWarps - 1) / kGroupWarps;
  actors_ = threads() + groups + kMaxMbarriers;
  computed_.resize(groups);
  fences.resize(threads());
  warps_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) warps_.emplace_back(*this, static_cast<int>(i));
  // Equal shares, as ptxas gives them: a multiple of 8, at most 255 of which 248 remain.
  const int share = std::min(kRegisters / static_cast<int>(threads()) / 8 * 8, 248);
  for (Warp& warp : warps_) warp.register_count = share;
  registers_ = share * static_cast<int>(threads());
}

VectorClock Block::new_clock() const { return VectorClock(2 * actors_ + 2); }

void Block::run() {
  backward_ = index_ % 2 != 0;
  while (true) {
    bool ran = false;
    bool ended = true;
    const std::size_t count = warps_.size();
    for (std::size_t i = 0; i < count; ++i) {
      Warp& warp = warps_[backward_ ? count - 1 - i : i];
      if (warp.ready()) {
        warp.run();
        ran = true;
      }
      ended = ended && warp.ended();
    }
    if (ended) break;
    if (!ran && !land()) fail_deadlocked();
  }
  finish();
}

void Block::finish() const {
  for (std::size_t id = 0; id < barriers_.size(); ++id) {
    const Barrier& b = barriers_[id];
    if (b.arrived == 0) continue;
    fail(warps_[static_cast<std::size_t>(b.warp)], 0, b.pc,
         fmt::format("the block ends, and at barrier {} only {} of {} threads arrived", id,
                     b.arrived, b.threads));
  }
  for (const Mbarrier& b : mbarriers_) {
    if (b.flights.empty()) continue;
    const Flight& f = b.flights.front();
    fail(warps_[static_cast<std::size_t>(f.warp)], f.lane, f.pc,
         fmt::format("the block ends while the copy to offset {} is under way", f.load.to));
  }
  for (const Warp& warp : warps_) {
    for (int lane = 0; lane < kWarp; ++lane) {
      const auto& copies = warp.copies[static_cast<std::size_t>(lane)];
      const bool open = !copies.open.empty();
      const auto busy =
          std::ranges::find_if(copies.groups, [](const auto& g) { return !g.empty(); });
      if (!open && busy == copies.groups.end()) continue;
      fail(warp, lane, open ? copies.open.front().pc : busy->front().pc,
           "the block ends while the copy is under way");
    }
    if (!warp.wgmmas.empty()) {
      fail(warp, 0, warp.wgmmas.front().pc, "the block ends while the product is under way");
    }
  }
}

// Barriers (PTX ISA, "bar, barrier").
bool Block::arrive(Warp& warp, u32 id, u32 threads, bool waits, u32 pc) {
  if (id >= kBarriers) fail(warp, 0, pc, fmt::format("barrier {}: there are {}", id, kBarriers));
  if (threads == 0 || threads % kWarp != 0 || threads > this->threads()) {
    fail(warp, 0, pc,
         fmt::format("barrier {} for {} threads of a block of {}", id, threads, this->threads()));
  }
  Barrier& b = barriers_[id];
  if (b.arrived == 0) {
    b.threads = threads;
    b.clock = new_clock();
    b.waiting.assign(warps_.size(), 0);
    b.arriving.assign(warps_.size(), 0);
  } else if (b.threads != threads) {
    fail(
        warp, 0, pc,
        fmt::format("barrier {} for {} threads, others came there for {}", id, threads, b.threads));
  }
  const auto self = static_cast<std::size_t>(warp.index());
  if (b.waiting[self] + b.arriving[self] != 0) {
    fail(warp, 0, pc, fmt::format("barrier {}: this warp comes twice before the others", id));
  }
  (waits ? b.waiting : b.arriving)[self] = 1;
  b.warp = warp.index();
  b.pc = pc;
  warp.converge();
  warp.release(kAllLanes, b.clock);
  b.arrived += kWarp;
  if (b.arrived < threads) return !waits;
  b.arrived = 0;
  for (std::size_t i = 0; i < warps_.size(); ++i) {
    if (b.waiting[i] == 0) continue;
    warps_[i].join(b.clock);
    warps_[i].wake(Split::Waits::barrier, id);
  }
  if (id == 0) backward_ = !backward_;
  return true;
}

// mbarriers (PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier").
void Block::init(Warp& warp, int lane, u64 address, u32 arrivals, u32 pc) {
  const std::size_t offset = address - kSharedWindow;
  if (address < kSharedWindow || offset + 8 > shared_bytes_ || address % 8 != 0) {
    fail(warp, lane, pc, fmt::format("no mbarrier has room at {:#x}", address));
  }
  if (arrivals < 1 || arrivals > kMaxCount) {
    fail(warp, lane, pc, fmt::format("{} arrivals: from 1 to {}", arrivals, kMaxCount));
  }
  if (std::ranges::find(mbarriers_, offset, &Mbarrier::offset) != mbarriers_.end()) {
    fail(warp, lane, pc, fmt::format("an mbarrier lives at offset {} already", offset));
  }
  if (mbarriers_.size() == kMaxMbarriers) fail(warp, lane, pc, "too many mbarriers");
  const Access access = warp.access(lane, pc);
  check(shadow_.reserve(access, offset, 8), warp, lane);
  mbarriers_.push_back({.offset = offset,
                        .initialiser = access.actor,
                        .initialised = access.time,
                        .arrivals = arrivals,
                        .missing = arrivals,
                        .actor = mbarrier_actor(mbarriers_.size()),
                        .arriving = new_clock(),
                        .completed = new_clock(),
                        .flights = {}});
}

void Block::fence_init(const Warp& warp, u32 mask) {
  for (Mbarrier& b : mbarriers_) {
    const int lane = b.initialiser - warp.thread(0);
    if (lane >= 0 && lane < kWarp && (mask >> lane & 1u) != 0) b.fenced = true;
  }
}

Block::Mbarrier& Block::find(const Warp& warp, int lane, u64 address) {
  const auto it = std::ranges::find(mbarriers_, address - kSharedWindow, &Mbarrier::offset);
  if (it == mbarriers_.end()) {
    warp.fail(lane, fmt::format("no mbarrier was initialised at {:#x}", address));
  }
  if (it->initialiser != warp.thread(lane) && warp.clock(lane)[it->initialiser] < it->initialised) {
    warp.fail(lane,
              fmt::format("the mbarrier at offset {} was initialised by {} with no barrier between",
                          it->offset, name(it->initialiser)));
  }
  return *it;
}

void Block::arrive(Warp& warp, int lane, u64 address, u32 bytes) {
  Mbarrier& b = find(warp, lane, address);
  if (bytes > kMaxCount) warp.fail(lane, fmt::format("{} bytes are too many", bytes));
  if (b.missing == 0) {
    warp.fail(lane,
              fmt::format("phase {} of the mbarrier at offset {} has all its {} arrivals already",
                          b.phase, b.offset, b.arrivals));
  }
  b.bytes += bytes;
  --b.missing;
  warp.release(1u << lane, b.arriving);
  complete_if_done(b);
}

bool Block::completed(Warp& warp, u32 mask, u64 address, u32 parity, std::size_t& offset) {
  const int lane = std::countr_zero(mask);
  Mbarrier& b = find(warp, lane, address);
  offset = b.offset;
  if (b.phase % 2 == parity) return false;
  warp.acquire(mask, b.completed);
  return true;
}

void Block::load(Warp& warp, int lane, u64 address, const emulator::TensorLoad& load, u32 pc) {
  Mbarrier& b = find(warp, lane, address);
  if (!b.fenced) {
    fail(warp, lane, pc,
         fmt::format("the mbarrier at offset {} was initialised without a fence that shows it to "
                     "the asynchronous proxy",
                     b.offset));
  }
  check(shadow_.launch(warp.access(lane, pc), load.to, emulator::box_bytes(load.map)), warp, lane);
  b.flights.push_back({load, warp.index(), lane, pc});
}

bool Block::waited_for(const Mbarrier& barrier) const {
  return std::ranges::any_of(warps_, [&](const Warp& warp) {
    return std::ranges::any_of(warp.splits(), [&](const Split& split) {
      return split.waits == Split::Waits::mbarrier && split.subject == barrier.offset;
    });
  });
}

// Copies land as late as is allowed: when a lane waits for them and nothing else can go on.
bool Block::land() {
  for (Mbarrier& b : mbarriers_) {
    if (b.missing != 0 || b.flights.empty() || !waited_for(b)) continue;
    const u32 phase = b.phase;
    land(b);
    if (b.phase != phase) return true;
  }
  return false;
}

void Block::land(Mbarrier& b) {
  for (const Flight& f : b.flights) {
    emulator::copy(f.load, arena_, kSharedWindow);
    const std::size_t bytes = emulator::box_bytes(f.load.map);
    const Access access{.actor = b.actor,
                        .time = b.phase + 1,
                        .operation = static_cast<emulator::OperationId>(f.pc),
                        .clock = b.completed.data()};
    shadow_.land(access, f.load.to, bytes);
    b.bytes -= static_cast<s64>(bytes);
    if (b.bytes < 0) {
      fail(warps_[static_cast<std::size_t>(f.warp)], f.lane, f.pc,
           fmt::format("phase {} of the mbarrier at offset {} gets {} bytes more than it expects",
                       b.phase, b.offset, -b.bytes));
    }
  }
  b.flights.clear();
  complete_if_done(b);
}

void Block::complete_if_done(Mbarrier& b) {
  if (b.missing != 0 || b.bytes != 0) return;
  ++b.phase;
  std::swap(b.completed, b.arriving);
  b.completed[b.actor] = b.phase;
  // What the asynchronous proxy wrote it sees itself.
  b.completed[actors_ + b.actor] = b.phase;
  b.arriving.clear();
  b.missing = b.arrivals;
  for (Warp& warp : warps_) warp.wake(Split::Waits::mbarrier, b.offset);
}

// Warpgroups.
std::size_t Block::warpgroup(const Warp& warp) const {
  const auto group = static_cast<std::size_t>(warp.index() / kGroupWarps);
  if ((group + 1) * kGroupWarps > warps_.size()) {
    warp.fail(0, "not in a warpgroup: four consecutive warps from a multiple of 4");
  }
  return group;
}

u64 Block::committed_by_all(std::size_t warpgroup) {
  u64 least = ~u64{0};
  for (const Warp& warp : group(warpgroup)) least = std::min(least, warp.committed);
  return least;
}

void Block::wake_group(std::size_t warpgroup) {
  for (Warp& warp : group(warpgroup)) warp.wake(Split::Waits::wgmma, warpgroup);
}

bool Block::set_registers(Warp& warp, int count) {
  const int change = (count - warp.register_count) * kWarp;
  if (registers_ + change > kRegisters) return false;
  registers_ += change;
  warp.register_count = count;
  for (Warp& other : warps_) other.wake(Split::Waits::registers, 0);
  return true;
}

// Faults.
std::string Block::name(Actor actor) const {
  if (actor < threads()) return fmt::format("warp {}, lane {}", actor / kWarp, actor % kWarp);
  if (actor < actors_ - kMaxMbarriers) return fmt::format("warpgroup {}", actor - threads());
  return "TMA";
}

void Block::fail(const Warp& warp, int lane, u32 pc, const std::string& what) const {
  throw Fault(fmt::format("{}: block {}, warp {}, lane {}: {}; kernel {}", kernel().describe(pc),
                          index_, warp.index(), lane, what, kernel_name(kernel().name)));
}

void Block::check(const std::optional<Conflict>& conflict, const Warp& warp, int lane) const {
  if (!conflict) return;
  using Kind = Conflict::Kind;
  const auto fail_with = [&](std::string_view what, std::string_view why) {
    warp.fail(lane,
              fmt::format("at offset {} of shared memory {} {} by {}{}", conflict->offset, what,
                          name(conflict->actor), kernel().describe(conflict->operation), why));
  };
  switch (conflict->kind) {
    case Kind::read_after_write:
      fail_with("reads what was written by", ", with no barrier between");
      break;
    case Kind::write_after_read:
      fail_with("overwrites what was read by", ", with no barrier between");
      break;
    case Kind::write_after_write:
      fail_with("overwrites what was written by", ", with no barrier between");
      break;
    case Kind::in_flight:
      fail_with("touches what is under way, started by", ", with no wait for it before");
      break;
    case Kind::mbarrier:
      fail_with("touches the mbarrier of", "");
      break;
    case Kind::unfenced:
      fail_with("reads through the asynchronous proxy what was written by",
                ", with no fence.proxy.async between");
      break;
    case Kind::uninitialised:
      warp.fail(lane, fmt::format("at offset {} reads shared memory that nothing wrote",
                                  conflict->offset));
  }
}

std::string Block::describe(const Split& split) const {
  using Waits = Split::Waits;
  const std::string at = kernel().describe(split.pc);
  switch (split.waits) {
    case Waits::barrier: {
      const Barrier& b = barriers_[split.subject];
      return fmt::format("wait at barrier {} before {}: {} of {} threads arrived", split.subject,
                         at, b.arrived, b.threads);
    }
    case Waits::mbarrier: {
      const auto it = std::ranges::find(mbarriers_, split.subject, &Mbarrier::offset);
      std::size_t under_way = 0;
      for (const Flight& f : it->flights) under_way += emulator::box_bytes(f.load.map);
      return fmt::format(
          "wait for the mbarrier at offset {}, {}: phase {} lacks {} of {} arrivals and {} bytes, "
          "{} under way",
          split.subject, at, it->phase, it->missing, it->arrivals, it->bytes, under_way);
    }
    case Waits::wgmma:
      return fmt::format("wait for the warpgroup's other warps to commit, {}", at);
    case Waits::registers:
      return fmt::format("wait for more registers, {}: {} of {} are in use", at, registers_,
                         kRegisters);
    default:
      return fmt::format("wait for the warp's other lanes, {}", at);
  }
}

void Block::fail_deadlocked() const {
  std::map<std::string, std::pair<int, int>> groups;  // lanes, first warp
  for (const Warp& warp : warps_) {
    int waiting = 0;
    for (const Split& split : warp.splits()) {
      const auto it = groups.try_emplace(describe(split), 0, warp.index()).first;
      it->second.first += std::popcount(split.mask);
      waiting += std::popcount(split.mask);
    }
    if (waiting < kWarp) {
      groups.try_emplace("have ended", 0, warp.index()).first->second.first += kWarp - waiting;
    }
  }
  std::string report =
      fmt::format("block {} of kernel {} is deadlocked:", index_, kernel_name(kernel().name));
  for (const auto& [what, lanes] : groups) {
    report += fmt::format("\n  {} of {} lanes, warp {} first, {}", lanes.first, threads(),
                          lanes.second, what);
  }
  throw Fault(report);
}

}  // namespace moat::ptx
