// SPDX-License-Identifier: Apache-2.0
// How a warp's lanes go on together and apart.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "tests/executors/ptx/block.hpp"
#include "tests/executors/ptx/each_lane.hpp"

namespace moat::ptx {
namespace {

constexpr std::size_t kLineWords = 16;

// ".aligned" instructions, which all lanes of a warp execute together.
bool is_aligned(Op op) {
  switch (op) {
    case Op::mma_f16:
    case Op::mma_bf16:
    case Op::mma_tf32:
    case Op::ldmatrix:
    case Op::bar_sync:
    case Op::bar_arrive:
    case Op::wgmma:
    case Op::wgmma_fence:
    case Op::wgmma_commit:
    case Op::wgmma_wait:
    case Op::setmaxnreg_inc:
    case Op::setmaxnreg_dec:
      return true;
    default:
      return false;
  }
}

}  // namespace

Warp::Warp(Block& block, int index)
    : block_(block), kernel_(block.kernel()), index_(index), clock_(block.new_clock()) {
  storage_.reset(new u32[kernel_.words + kLineWords]);
  void* aligned = storage_.get();
  std::size_t space = (kernel_.words + kLineWords) * sizeof(u32);
  std::align(kLineWords * sizeof(u32), kernel_.words * sizeof(u32), aligned, space);
  file_ = static_cast<u32*>(aligned);
  states_.resize(kernel_.registers);
  for (const Kernel::Constant& c : kernel_.constants) {
    states_[c.at.state].defined = kAllLanes;
    if (c.bits == 1) {
      *values<u32>(c.at) = static_cast<u32>(c.value);
    } else if (c.bits == 64) {
      std::fill_n(values<u64>(c.at), kWarp, c.value);
    } else {
      std::fill_n(values<u32>(c.at), kWarp, static_cast<u32>(c.value));
    }
  }
  for (const Kernel::SpecialRegister& s : kernel_.specials) {
    states_[s.at.state].defined = kAllLanes;
    u32* const v = values<u32>(s.at);
    for (int lane = 0; lane < kWarp; ++lane) {
      switch (s.which) {
        case Special::tid_x:
          v[lane] = static_cast<u32>(index * kWarp + lane);
          break;
        case Special::ntid_x:
          v[lane] = static_cast<u32>(block.threads());
          break;
        case Special::ctaid_x:
          v[lane] = block.index();
          break;
        case Special::nctaid_x:
          v[lane] = block.grid().shape.blocks;
          break;
        case Special::laneid:
          v[lane] = static_cast<u32>(lane);
          break;
        case Special::zero:
          v[lane] = 0;
          break;
      }
    }
  }
  splits_.push_back({.pc = 0, .mask = kAllLanes});
}

bool Warp::ready() const {
  return std::ranges::any_of(splits_, [](const Split& s) { return s.waits == Split::Waits::no; });
}

void Warp::wake(Split::Waits waits, std::size_t subject) {
  for (Split& s : splits_) {
    if (s.waits == waits && s.subject == subject) s.waits = Split::Waits::no;
  }
}

void Warp::run() {
  while (select()) execute();
}

// The lanes that stand lowest go first, so that those which took a detour meet the others again.
bool Warp::select() {
  u32 lowest = ~u32{0};
  for (const Split& s : splits_) {
    if (s.waits == Split::Waits::no) lowest = std::min(lowest, s.pc);
  }
  if (lowest == ~u32{0}) return false;
  current_ = {.pc = lowest, .mask = 0};
  next_pc_ = ~u32{0};
  std::erase_if(splits_, [&](const Split& s) {
    if (s.waits != Split::Waits::no) return false;
    if (s.pc != lowest) {
      next_pc_ = std::min(next_pc_, s.pc);
      return false;
    }
    current_.mask |= s.mask;
    return true;
  });
  return true;
}

void Warp::suspend(u32 pc, u32 mask, Split::Waits waits, std::size_t subject) {
  splits_.push_back({.pc = pc, .mask = mask, .waits = waits, .subject = subject});
  if (waits == Split::Waits::no) next_pc_ = std::min(next_pc_, pc);
}

// The lanes that an instruction of the warp needs come together there; `mask` becomes theirs.
bool Warp::gather(const Instruction& i, u32& mask) {
  u32 wanted = kAllLanes;
  if (!is_aligned(i.op)) {
    const int last = i.dests + i.sources - 1;
    const Operand& members = operand(i, last);
    if ((states_[members.state].defined & mask) != mask) fail_unready(i, mask);
    wanted = uniform(members, mask, "the lanes that take part");
    if ((mask & ~wanted) != 0) {
      fail(std::countr_zero(mask & ~wanted),
           fmt::format("executes it, but only the lanes {:#x} take part", wanted));
    }
  }
  if (mask == wanted) return true;
  std::erase_if(splits_, [&](const Split& s) {
    if (s.waits != Split::Waits::lanes || s.pc != pc_) return false;
    mask |= s.mask;
    return true;
  });
  if (mask == wanted) return true;
  suspend(pc_, mask, Split::Waits::lanes, 0);
  return false;
}

void Warp::check_operands(const Instruction& i, u32 mask) {
  const Operand* const operands = kernel_.operands.data() + i.operands;
  const Operand* const sources = operands + i.dests;
  for (int k = 0; k < i.sources; ++k) {
    if ((states_[sources[k].state].defined & mask) != mask) fail_unready(i, mask);
  }
  for (int k = 0; k < i.dests; ++k) {
    RegisterState& state = states_[operands[k].state];
    if ((state.writing | state.reading) != 0) {
      fail(std::countr_zero(mask), fmt::format("writes {}, which a wgmma that is under way {}",
                                               kernel_.names[operands[k].state],
                                               state.writing != 0 ? "accumulates in" : "reads"));
    }
    state.defined |= mask;
    state.epoch = epoch_;
  }
}

void Warp::fail_unready(const Instruction& i, u32 mask) const {
  const Operand* const sources = kernel_.operands.data() + i.operands + i.dests;
  for (int k = -1; k < i.sources; ++k) {
    if (k < 0 && !i.guarded) continue;
    const u32 number = k < 0 ? i.guard.state : sources[k].state;
    const RegisterState& state = states_[number];
    const u32 missing = mask & ~state.defined;
    if (missing == 0) continue;
    fail(std::countr_zero(missing),
         state.writing != 0
             ? fmt::format("reads {}, in which a wgmma that is under way accumulates",
                           kernel_.names[number])
             : fmt::format("reads {}, which nothing wrote", kernel_.names[number]));
  }
  fail(0, "reads a register that nothing wrote");
}

void Warp::fail(int lane, const std::string& what) const { block_.fail(*this, lane, pc_, what); }

u64 Warp::address(const Instruction& i, int index, int lane) {
  const Operand& o = operand(i, index);
  const u64 base = kernel_.bits[o.state] == 64 ? values<u64>(o)[lane] : values<u32>(o)[lane];
  return base + static_cast<u64>(i.immediate);
}

u32 Warp::uniform(const Operand& o, u32 mask, const char* what) {
  const u32* const v = values<u32>(o);
  const u32 first = v[std::countr_zero(mask)];
  each_lane(mask, [&](int lane) {
    if (v[lane] != first) {
      fail(lane,
           fmt::format("{}: {} here, {} in lane {}", what, v[lane], first, std::countr_zero(mask)));
    }
  });
  return first;
}

// Clocks.
Access Warp::access(int lane, u32 pc) const {
  return {.actor = thread(lane),
          .time = time_,
          .operation = static_cast<emulator::OperationId>(pc),
          .clock = clock(lane).data(),
          .wave_begin = thread(0),
          .wave_end = static_cast<Actor>(thread(0) + kWarp)};
}

void Warp::release(u32 mask, VectorClock& clock) {
  if ((mask & ~alone_) != 0) clock.join(clock_);
  each_lane(mask, [&](int lane) {
    if ((alone_ >> lane & 1u) != 0) clock.join(own_[static_cast<std::size_t>(lane)]);
    clock[thread(lane)] = time_;
  });
  if (++time_ >> emulator::kTimeBits != 0) fail(0, "the block is too long for this executor");
}

void Warp::acquire(u32 mask, const VectorClock& clock) {
  if (mask == alive_ && alone_ == 0) {
    clock_.join(clock);
    return;
  }
  each_lane(mask, [&](int lane) {
    auto& own = own_[static_cast<std::size_t>(lane)];
    if ((alone_ >> lane & 1u) == 0) own = clock_;
    own.join(clock);
  });
  alone_ |= mask;
}

void Warp::learn(Actor actor, Time time) {
  clock_[actor] = std::max(clock_[actor], time);
  each_lane(alone_, [&](int lane) {
    auto& own = own_[static_cast<std::size_t>(lane)];
    own[actor] = std::max(own[actor], time);
  });
}

void Warp::converge() {
  each_lane(alone_, [&](int lane) { clock_.join(own_[static_cast<std::size_t>(lane)]); });
  alone_ = 0;
  for (int lane = 0; lane < kWarp; ++lane) clock_[thread(lane)] = time_;
  if (++time_ >> emulator::kTimeBits != 0) fail(0, "the block is too long for this executor");
}

// The second half of a clock takes over what the first knows and what the lane itself did (PTX ISA,
// "Memory Consistency Model: Proxy-preserved base causality order": along the path).
void Warp::fence_async(u32 mask) {
  const std::size_t actors = block_.actors();
  const auto fence = [&](VectorClock& c) {
    for (std::size_t a = 0; a < actors; ++a) c[actors + a] = std::max(c[actors + a], c[a]);
  };
  if (mask == alive_ && alone_ == 0) {
    fence(clock_);
    each_lane(mask, [&](int lane) { clock_[actors + thread(lane)] = time_; });
  } else {
    each_lane(mask, [&](int lane) {
      auto& own = own_[static_cast<std::size_t>(lane)];
      if ((alone_ >> lane & 1u) == 0) own = clock_;
      fence(own);
      own[actors + thread(lane)] = time_;
    });
    alone_ |= mask;
  }
  ++time_;
}

// membar.gl: what the lane did and knows of can become visible to other blocks through an atomic
// operation after it; what others made visible before one that it knows of, it sees.
void Warp::fence_device(u32 mask) {
  const auto fence = [&](VectorClock& c) {
    c[block_.acquired()] = std::max(c[block_.acquired()], c[block_.seen()]);
  };
  if (mask == alive_ && alone_ == 0) {
    fence(clock_);
  } else {
    each_lane(mask, [&](int lane) {
      auto& own = own_[static_cast<std::size_t>(lane)];
      if ((alone_ >> lane & 1u) == 0) own = clock_;
      fence(own);
    });
    alone_ |= mask;
  }
  each_lane(mask, [&](int lane) {
    Block::Fence& f = block_.fences[thread(lane)];
    f.time = time_;
    f.clock = clock(lane);
    f.clock[thread(lane)] = time_;
  });
  ++time_;
}

void Warp::execute() {
  const Instruction* const code = kernel_.code.data();
  u32 pc = current_.pc;
  u32 mask = current_.mask;
  Counts& counts = block_.grid().counts;
  const u64 most = block_.grid().shape.most_instructions;
  std::vector<u32>* const visits = block_.grid().shape.visits;
  while (true) {
    if (pc >= next_pc_) {
      suspend(pc, mask, Split::Waits::no, 0);
      return;
    }
    const Instruction& i = code[pc];
    pc_ = pc;
    u32 active = mask;
    if (i.guarded) {
      if ((states_[i.guard.state].defined & mask) != mask) fail_unready(i, mask);
      const u32 p = *values<u32>(i.guard);
      active &= i.negated ? ~p : p;
      if (active == 0) {
        ++pc;
        continue;
      }
    }
    ++counts.warp_instructions;
    if (visits != nullptr) ++(*visits)[pc];
    counts.lane_instructions += static_cast<u64>(std::popcount(active));
    if (++block_.instructions > most) {
      fail(std::countr_zero(active),
           fmt::format("an endless loop: the block has executed {} instructions", most));
    }
    if (i.op == Op::bra) {
      if (active == mask) {
        pc = i.target;
      } else {
        suspend(i.target, active, Split::Waits::no, 0);
        mask &= ~active;
        ++pc;
      }
      continue;
    }
    if (i.op == Op::ret) {
      alive_ &= ~active;
      mask &= ~active;
      if (mask == 0) return;
      ++pc;
      continue;
    }
    if (is_aligned(i.op) || i.op == Op::shfl_bfly || i.op == Op::shfl_idx ||
        i.op == Op::bar_warp_sync) {
      if (active != mask) {
        suspend(pc + 1, mask & ~active, Split::Waits::no, 0);
        mask = active;
      }
      if (!gather(i, mask)) return;
      active = mask;
    }
    check_operands(i, active);
    Flow flow = Flow::next;
    switch (i.op) {
      case Op::ld:
        load(i, active);
        break;
      case Op::st:
        store(i, active);
        break;
      case Op::atom_add:
        atomic_add(i, active);
        break;
      case Op::membar_gl:
        fence_device(active);
        break;
      case Op::shfl_bfly:
      case Op::shfl_idx:
        shuffle(i, active);
        break;
      case Op::bar_sync:
        flow = barrier(i, true);
        break;
      case Op::bar_arrive:
        flow = barrier(i, false);
        break;
      case Op::bar_warp_sync:
        if (active == kAllLanes) {
          converge();
        } else {
          VectorClock all = block_.new_clock();
          release(active, all);
          acquire(active, all);
        }
        break;
      case Op::mma_f16:
      case Op::mma_bf16:
      case Op::mma_tf32:
        multiply_matrices(i);
        break;
      case Op::ldmatrix:
        load_matrices(i);
        break;
      case Op::cp_async:
        cp_async(i, active);
        break;
      case Op::cp_async_commit:
        cp_async_commit(active);
        break;
      case Op::cp_async_wait:
        cp_async_wait(i, active);
        break;
      case Op::mbarrier_init:
      case Op::mbarrier_arrive:
      case Op::mbarrier_arrive_expect:
        mbarrier(i, active);
        break;
      case Op::mbarrier_try_wait:
        current_.mask = mask;
        flow = try_wait(i, active);
        break;
      case Op::fence_mbarrier_init:
        block_.fence_init(*this, active);
        break;
      case Op::fence_proxy_async:
        // An mbarrier counts as memory that the generic proxy wrote.
        block_.fence_init(*this, active);
        fence_async(active);
        break;
      case Op::tma_load:
        tma(i, active);
        break;
      case Op::wgmma:
        issue_wgmma(i);
        break;
      case Op::wgmma_fence:
        static_cast<void>(block_.warpgroup(*this));
        ++epoch_;
        fenced_ = true;
        break;
      case Op::wgmma_commit:
        groups.push_back(std::exchange(open_wgmmas, 0));
        ++committed;
        block_.wake_group(block_.warpgroup(*this));
        break;
      case Op::wgmma_wait:
        flow = wait_wgmma(i);
        break;
      case Op::setmaxnreg_inc:
        flow = set_registers(i, true);
        break;
      case Op::setmaxnreg_dec:
        flow = set_registers(i, false);
        break;
      default:
        alu(i, active);
    }
    if (flow == Flow::stop) return;
    ++pc;
  }
}

// Barriers end the warp's turn when it has to wait.
Warp::Flow Warp::barrier(const Instruction& i, bool waits) {
  const u32 id = uniform(operand(i, 0), kAllLanes, "the barrier");
  const u32 threads = i.sources > 1 ? uniform(operand(i, 1), kAllLanes, "threads of the barrier")
                                    : static_cast<u32>(block_.threads());
  if (block_.arrive(*this, id, threads, waits, pc_)) return Flow::next;
  suspend(pc_ + 1, kAllLanes, Split::Waits::barrier, id);
  return Flow::stop;
}

void Warp::mbarrier(const Instruction& i, u32 mask) {
  each_lane(mask, [&](int lane) {
    const u64 at = address(i, 0, lane);
    switch (i.op) {
      case Op::mbarrier_init:
        block_.init(*this, lane, at, values<u32>(operand(i, 1))[lane], pc_);
        break;
      case Op::mbarrier_arrive:
        block_.arrive(*this, lane, at, 0);
        break;
      default:
        block_.arrive(*this, lane, at, values<u32>(operand(i, 1))[lane]);
    }
  });
}

// True once the phase has completed. It may give up after a while, which a program must expect: the
// first time it does, and only then waits.
Warp::Flow Warp::try_wait(const Instruction& i, u32 mask) {
  const int first = std::countr_zero(mask);
  const u64 at = address(i, 1, first);
  each_lane(mask, [&](int lane) {
    if (address(i, 1, lane) != at) fail(lane, "lanes of a warp try different mbarriers");
  });
  const u32 parity = uniform(operand(i, 2), mask, "the parity");
  if (parity > 1) fail(first, fmt::format("parity {}: 0 or 1", parity));
  std::size_t offset = 0;
  u32* const done = values<u32>(operand(i, 0));
  if (block_.completed(*this, mask, at, parity, offset)) {
    *done |= mask;
    tried_ = ~u32{0};
    return Flow::next;
  }
  if (tried_ != pc_) {
    *done &= ~mask;
    tried_ = pc_;
    return Flow::next;
  }
  suspend(pc_, current_.mask, Split::Waits::mbarrier, offset);
  return Flow::stop;
}

void Warp::shuffle(const Instruction& i, u32 mask) {
  const int first_source = i.dests;
  std::array<u32, kWarp> given{};
  std::memcpy(given.data(), values<u32>(operand(i, first_source)), sizeof given);
  const u32* const b = values<u32>(operand(i, first_source + 1));
  const u32* const c = values<u32>(operand(i, first_source + 2));
  u32* const out = values<u32>(operand(i, 0));
  u32 inside = 0;
  each_lane(mask, [&](int lane) {
    // PTX ISA, "shfl.sync": lanes of a segment, and the clamp.
    const u32 segments = c[lane] >> 8 & 31u;
    const u32 clamp = c[lane] & 31u;
    const u32 self = static_cast<u32>(lane);
    const u32 most = (self & segments) | (clamp & ~segments);
    const u32 least = self & segments;
    const u32 by = b[lane] & 31u;
    u32 from = i.op == Op::shfl_bfly ? self ^ by : least | (by & ~segments);
    const bool valid = from <= most;
    if (valid) {
      inside |= 1u << lane;
    } else {
      from = self;
    }
    if ((mask >> from & 1u) == 0) {
      fail(lane, fmt::format("takes the value of lane {}, which takes no part", from));
    }
    out[lane] = given[from];
  });
  if (i.dests > 1) {
    u32* const p = values<u32>(operand(i, 1));
    *p = (*p & ~mask) | inside;
  }
}

// setmaxnreg (PTX ISA): warps hand registers to each other.
Warp::Flow Warp::set_registers(const Instruction& i, bool more) {
  static_cast<void>(block_.warpgroup(*this));
  const int count = i.count;
  if (count < 24 || count > 256 || count % 8 != 0) {
    fail(0, fmt::format("{} registers: a multiple of 8 from 24 to 256", count));
  }
  if (more ? count < register_count : count > register_count) {
    fail(0, fmt::format("{} registers, and has {}", count, register_count));
  }
  if (block_.set_registers(*this, count)) return Flow::next;
  suspend(pc_, kAllLanes, Split::Waits::registers, 0);
  return Flow::stop;
}

}  // namespace moat::ptx
