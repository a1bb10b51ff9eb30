#include "tests/emulator/emulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moat::emulator {
namespace {

namespace context = boost::context;

constexpr std::size_t kStackBytes = 256 << 10;
constexpr std::size_t kSharedAlignment = 128;

enum class State : std::uint8_t { ready, barrier, exchange, ended };

struct Lane {
  Place place;
  context::fiber fiber;      // the lane, while it does not run
  context::fiber scheduler;  // the scheduler, while the lane runs
  State state = State::ready;
  std::uint64_t value = 0;  // of an exchange: given, then received
  int source = 0;
  int mask = 0;
};

class Block;
// One thread of the host runs one grid at a time.
thread_local Lane* current_lane = nullptr;
thread_local Block* current_block = nullptr;

class Block {
 public:
  Block(const Grid& grid, int index, unsigned char* arena,
        const std::function<void(unsigned char*)>& entry, context::pooled_fixedsize_stack& stacks)
      : grid_(grid),
        index_(index),
        arena_(arena),
        lanes_(static_cast<std::size_t>(grid.waves) * static_cast<std::size_t>(grid.wave_width)) {
    int thread = 0;
    for (Lane& lane : lanes_) {
      lane.place = {.lane = thread % grid.wave_width,
                    .wave = thread / grid.wave_width,
                    .block = index,
                    .blocks = grid.blocks};
      ++thread;
      lane.fiber = context::fiber(std::allocator_arg, stacks,
                                  [this, &lane, &entry](context::fiber&& scheduler) {
                                    lane.scheduler = std::move(scheduler);
                                    call(entry);
                                    lane.state = State::ended;
                                    return std::move(lane.scheduler);
                                  });
    }
  }

  // One wave runs as far as it can, then the next: a missing barrier shows as a stale or an
  // overwritten value. Which wave goes first alternates from barrier to barrier.
  void run() {
    current_block = this;
    for (int barriers = 0; true; ++barriers) {
      for (int i = 0; i < grid_.waves; ++i) {
        run_wave((index_ + barriers) % 2 == 0 ? i : grid_.waves - 1 - i);
      }
      if (all(State::ended)) return;
      if (!all(State::barrier)) throw Fault(describe());
      for (Lane& lane : lanes_) lane.state = State::ready;
    }
  }

  void check(const void* p, std::size_t bytes) const {
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    const auto begin = reinterpret_cast<std::uintptr_t>(arena_);
    if (at < begin || at + bytes > begin + grid_.shared_bytes) {
      throw Fault(
          fmt::format("block {}, wave {}, lane {}: access of {} bytes at offset {} of {} "
                      "bytes of shared memory",
                      index_, place().wave, place().lane, bytes,
                      static_cast<std::int64_t>(at - begin), grid_.shared_bytes));
    }
    if (std::has_single_bit(bytes) && bytes <= 16 && at % bytes != 0) {
      throw Fault(
          fmt::format("block {}, wave {}, lane {}: misaligned access of {} bytes at offset "
                      "{} of shared memory",
                      index_, place().wave, place().lane, bytes, at - begin));
    }
  }

 private:
  void call(const std::function<void(unsigned char*)>& entry) {
    try {
      entry(arena_);
    } catch (const context::detail::forced_unwind&) {
      throw;
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  bool all(State s) const {
    return std::ranges::all_of(lanes_, [s](const Lane& lane) { return lane.state == s; });
  }

  // Until its lanes wait for others or have ended.
  void run_wave(int wave) {
    const auto width = static_cast<std::size_t>(grid_.wave_width);
    const std::span lanes(&lanes_[static_cast<std::size_t>(wave) * width], width);
    while (std::ranges::any_of(lanes, [](const Lane& l) { return l.state == State::ready; })) {
      for (Lane& lane : lanes) {
        if (lane.state != State::ready) continue;
        current_lane = &lane;
        lane.fiber = std::move(lane.fiber).resume();
        if (error_) std::rethrow_exception(error_);
      }
      if (std::ranges::all_of(lanes, [](const Lane& l) { return l.state == State::exchange; })) {
        complete_exchange(lanes);
      }
    }
  }

  void complete_exchange(std::span<Lane> lanes) {
    std::vector<std::uint64_t> given(lanes.size());
    std::ranges::transform(lanes, given.begin(), &Lane::value);
    for (Lane& lane : lanes) {
      if (lane.mask != lanes[0].mask) {
        throw Fault(fmt::format("block {}, wave {}: lane {} shuffles with mask {}, lane 0 with {}",
                                index_, lane.place.wave, lane.place.lane, lane.mask,
                                lanes[0].mask));
      }
      if (lane.source < 0 || lane.source >= grid_.wave_width) {
        throw Fault(fmt::format("block {}, wave {}, lane {}: shuffle from lane {} of a wave of {}",
                                index_, lane.place.wave, lane.place.lane, lane.source,
                                grid_.wave_width));
      }
      lane.value = given[static_cast<std::size_t>(lane.source)];
      lane.state = State::ready;
    }
  }

  std::string describe() const {
    std::string text = fmt::format("block {} is deadlocked:", index_);
    for (const auto& [state, what] :
         {std::pair{State::barrier, "wait at a barrier"},
          std::pair{State::exchange, "wait in a shuffle"}, std::pair{State::ended, "have ended"}}) {
      const auto in_state = [s = state](const Lane& lane) { return lane.state == s; };
      const auto count = std::ranges::count_if(lanes_, in_state);
      if (count == 0) continue;
      const Lane& lane = *std::ranges::find_if(lanes_, in_state);
      text += fmt::format(" {} of {} lanes {} (wave {} lane {} is the first);", count,
                          lanes_.size(), what, lane.place.wave, lane.place.lane);
    }
    text.pop_back();
    return text;
  }

  const Grid& grid_;
  int index_;
  unsigned char* arena_;
  std::exception_ptr error_;
  std::vector<Lane> lanes_;
};

void wait(State state) {
  Lane& lane = *current_lane;
  lane.state = state;
  lane.scheduler = std::move(lane.scheduler).resume();
}

}  // namespace

void run(const Grid& grid, const std::function<void(unsigned char*)>& entry) {
  std::vector<unsigned char> memory(grid.shared_bytes + kSharedAlignment);
  void* aligned = memory.data();
  std::size_t space = memory.size();
  std::align(kSharedAlignment, grid.shared_bytes, aligned, space);
  auto* const arena = static_cast<unsigned char*>(aligned);
  // Kept from run to run: fresh stacks cost more than a small kernel.
  thread_local context::pooled_fixedsize_stack stacks(kStackBytes);
  for (int index = 0; index < grid.blocks; ++index) {
    std::memset(arena, 0xff, grid.shared_bytes);
    Block(grid, index, arena, entry, stacks).run();
  }
}

const Place& place() { return current_lane->place; }

void barrier() { wait(State::barrier); }

std::uint64_t exchange(std::uint64_t value, int source, int mask) {
  current_lane->value = value;
  current_lane->source = source;
  current_lane->mask = mask;
  wait(State::exchange);
  return current_lane->value;
}

void check_shared(const void* p, std::size_t bytes) { current_block->check(p, bytes); }

}  // namespace moat::emulator
