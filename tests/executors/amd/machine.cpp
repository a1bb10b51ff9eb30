// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/machine.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "tests/executors/amd/fault.hpp"
#include "tests/executors/kernel_name.hpp"

namespace moat::amdgcn {
namespace {

std::uint64_t product(const Size3& s) {
  // Of three numbers of 32 bits: no more than the largest 64 bits hold.
  const std::uint64_t two = std::uint64_t{s[0]} * s[1];
  const bool fits = s[2] == 0 || two <= ~std::uint64_t{0} / s[2];
  return fits ? two * s[2] : ~std::uint64_t{0};
}

// A value that no kernel expects: a NaN as a float, far outside as an index.
constexpr std::uint32_t kGarbage = 0x7fc0bad0;

}  // namespace

// What the executor takes for granted: the modes of floating point (the guide's COMPUTE_PGM_RSRC1),
// and no private segment.
void Machine::check(const Launch& launch) const {
  const KernelInfo& k = *launch.program->kernel;
  constexpr std::uint32_t kRoundings = 0xfu << 12;
  constexpr std::uint32_t kDenormals = 0xfu << 16;
  constexpr std::uint32_t kIeee = 1u << 23;
  if ((k.resources1 & kRoundings) != 0 || (k.resources1 & kDenormals) != kDenormals ||
      (k.resources1 & kIeee) == 0) {
    throw Fault("a mode of floating point that the executor does not have");
  }
  if (k.private_bytes != 0) throw Fault("a private segment, which the executor does not have");
  const std::uint64_t threads = product(launch.threads);
  if (threads == 0 || product(launch.blocks) == 0) throw Fault("an empty launch");
  if (threads > static_cast<std::uint64_t>(k.threads)) {
    throw Fault(std::to_string(threads) + " threads in a block of a kernel for " +
                std::to_string(k.threads));
  }
  constexpr std::uint32_t kMostLds = 64 << 10;
  if (k.static_lds_bytes > kMostLds || launch.dynamic_lds_bytes > kMostLds - k.static_lds_bytes) {
    throw Fault("more than 64 KiB of LDS");
  }
}

std::vector<std::uint8_t> Machine::kernel_arguments(const Launch& launch) const {
  const KernelInfo& k = *launch.program->kernel;
  std::vector<std::uint8_t> segment(k.argument_bytes, 0xee);
  std::size_t given = 0;
  for (const Argument& a : k.arguments) {
    std::uint64_t value = 0;
    const void* from = &value;
    const std::string_view kind = a.kind;
    const auto axis = static_cast<std::size_t>(kind.empty() ? 0 : kind.back() - 'x');
    if (!kind.starts_with("hidden_")) {
      if (given == launch.arguments.size()) throw Fault("too few arguments");
      from = launch.arguments[given++];
    } else if (kind.starts_with("hidden_block_count_")) {
      value = launch.blocks.at(axis);
    } else if (kind.starts_with("hidden_group_size_")) {
      value = launch.threads.at(axis);
    } else if (kind.starts_with("hidden_remainder_") || kind.starts_with("hidden_global_offset_")) {
      value = 0;
    } else if (kind == "hidden_grid_dims") {
      value = launch.blocks[2] * launch.threads[2] > 1   ? 3
              : launch.blocks[1] * launch.threads[1] > 1 ? 2
                                                         : 1;
    } else if (kind == "hidden_dynamic_lds_size") {
      value = launch.dynamic_lds_bytes;
    } else if (kind == "hidden_none") {
      continue;
    } else {
      throw Fault("the argument " + a.kind + ", which the executor does not have");
    }
    if (a.offset + a.bytes > segment.size()) throw Fault("an argument lies outside its segment");
    std::memcpy(segment.data() + a.offset, from, a.bytes);
  }
  if (given != launch.arguments.size()) throw Fault("too many arguments");
  return segment;
}

std::uint64_t Machine::run(const Launch& launch, Trace* trace) {
  const Program& program = *launch.program;
  const KernelInfo& k = *program.kernel;
  try {
    check(launch);
    const std::vector<std::uint8_t> arguments = kernel_arguments(launch);
    memory_.add(arguments.data(), arguments.size());
    struct Removal {
      GlobalMemory& memory;
      const void* begin;
      ~Removal() { memory.remove(begin); }
    } const removal{memory_, arguments.data()};

    context_.memory = &memory_;
    context_.program = &program;
    context_.wave_width = k.wave_width;
    context_.separate_stores = !program.architecture.starts_with("gfx9");
    context_.flushes_matrix_denormals = program.architecture == "gfx90a";
    context_.completions = nullptr;
    if (trace != nullptr) {
      trace->executed.resize(program.text.size());
      trace->completed.resize(program.text.size());
      context_.completions = &trace->completed;
    }
    executed_ = 0;
    std::uint64_t number = 0;
    Size3 block{};
    for (block[2] = 0; block[2] < launch.blocks[2]; ++block[2]) {
      for (block[1] = 0; block[1] < launch.blocks[1]; ++block[1]) {
        for (block[0] = 0; block[0] < launch.blocks[0]; ++block[0]) {
          start_block(launch, block, reinterpret_cast<std::uintptr_t>(arguments.data()));
          run_block(launch, number++, trace);
        }
      }
    }
  } catch (const Fault& e) {
    throw Fault(std::string(e.what()) + "; kernel " + kernel_name(k.name) + " (" +
                program.architecture + ")");
  }
  return executed_;
}

void Machine::start_block(const Launch& launch, const Size3& block, std::uint64_t arguments) {
  const KernelInfo& k = *launch.program->kernel;
  const auto width = static_cast<std::uint32_t>(k.wave_width);
  const auto threads = static_cast<std::uint32_t>(product(launch.threads));
  // One more register for copies that decode.cpp makes.
  const auto registers = static_cast<std::size_t>(k.vector_registers) + 1;
  context_.lds.reset(k.static_lds_bytes + launch.dynamic_lds_bytes);
  context_.unreleased = 0;
  waves_.resize((threads + width - 1) / width);
  initial_exec_.resize(waves_.size());
  for (std::size_t i = 0; i < waves_.size(); ++i) {
    Wave& w = waves_[i];
    w.context = &context_;
    w.number = static_cast<std::uint8_t>(i);
    w.state = State::running;
    w.pc = 0;
    w.executed = 0;
    w.scc_defined = false;
    w.s.fill(kGarbage);
    w.s_defined.fill(0);
    w.s_pending.fill(false);
    LaneValues garbage;
    std::ranges::fill(garbage.lane, kGarbage);
    w.v.assign(registers, garbage);
    w.v_defined.assign(registers, 0);
    w.v_pending.assign(registers, 0);
    w.v_origin.assign(registers, {});
    for (PendingQueue* q : {&w.vector_memory, &w.stores, &w.lds, &w.scalar_loads}) q->clear();

    // "Initial Kernel Execution State": user SGPRs as the properties ask, then block numbers.
    int next = 0;
    constexpr int kWords[] = {4, 2, 2, 2, 2, 2, 1};  // by bit of the properties
    constexpr int kArgumentPointer = 3;
    for (int bit = 0; bit < 7; ++bit) {
      if ((k.properties >> bit & 1) == 0) continue;
      if (bit == kArgumentPointer) {
        w.set_word(next, static_cast<std::uint32_t>(arguments), ~0u);
        w.set_word(next + 1, static_cast<std::uint32_t>(arguments >> 32), ~0u);
      }
      next += kWords[bit];
    }
    // gfx11 pads them.
    next = std::max(next, static_cast<int>(k.resources2 >> 1 & 31));
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if ((k.resources2 >> (7 + axis) & 1) != 0) w.set_word(next++, block[axis], ~0u);
    }
    w.s_defined[kNull] = w.s_defined[kNull + 1] = ~0u;
    w.s[kNull] = w.s[kNull + 1] = 0;

    std::uint64_t active = 0;
    for (std::uint32_t l = 0; l < width; ++l) {
      const std::uint32_t thread = static_cast<std::uint32_t>(i) * width + l;
      if (thread >= threads) break;
      active |= std::uint64_t{1} << l;
      const std::uint32_t x = thread % launch.threads[0];
      const std::uint32_t y = thread / launch.threads[0] % launch.threads[1];
      const std::uint32_t z = thread / launch.threads[0] / launch.threads[1];
      // gfx90a and newer pack the three into one register.
      w.v[0].lane[l] = x | y << 10 | z << 20;
    }
    w.v_defined[0] = active;
    w.set_word(kExec, static_cast<std::uint32_t>(active), ~0u);
    w.set_word(kExec + 1, static_cast<std::uint32_t>(active >> 32), ~0u);
    initial_exec_[i] = active;
  }
}

void Machine::run_block(const Launch& launch, std::uint64_t number, Trace* trace) {
  const std::size_t count = waves_.size();
  for (std::uint64_t turn = number;; ++turn) {
    std::size_t current = 0;
    try {
      for (std::size_t i = 0; i < count; ++i) {
        current = turn % 2 == 0 ? i : count - 1 - i;
        run_wave(waves_[current], launch, trace);
      }
      std::size_t ended = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (waves_[i].state == State::ended) {
          ++ended;
        } else {
          current = i;
        }
      }
      if (ended == count) return;
      if (ended != 0) throw Fault("a barrier that waves which ended never reach");
      pass_barrier();
    } catch (const Fault& e) {
      const Wave& w = waves_[current];
      const Instruction& i = launch.program->instructions[w.pc == 0 ? 0 : w.pc - 1];
      throw Fault(launch.program->text[i.line] + ", block " + std::to_string(number) + ", wave " +
                  std::to_string(current) + ": " + e.what());
    }
  }
}

void Machine::run_wave(Wave& w, const Launch& launch, Trace* trace) {
  if (w.state == State::ended) return;
  w.state = State::running;
  const std::vector<Instruction>& code = launch.program->instructions;
  const std::uint64_t before = w.executed;
  while (w.state == State::running) {
    if (w.pc >= code.size()) throw Fault("runs past its end");
    const Instruction& i = code[w.pc++];
    w.known = true;
    if (trace != nullptr) ++trace->executed[i.line];
    i.execute(i, w);
    if (++w.executed > launch.instruction_limit) throw Fault("more instructions than the limit");
  }
  executed_ += w.executed - before;
  if (w.state == State::at_barrier && w.exec() != initial_exec_[w.number]) {
    throw Fault("a barrier that only some lanes reach");
  }
}

// An access of LDS that no wait has ended may happen on either side of the barrier.
void Machine::pass_barrier() {
  ++context_.lds.epoch;
  context_.unreleased = 0;
  for (Wave& w : waves_) {
    for (std::size_t q = 0; q < w.lds.size(); ++q) {
      const Pending& p = w.lds[q];
      if (p.bytes == 0) continue;
      for (std::uint64_t left = p.lanes; left != 0; left &= left - 1) {
        const std::uint32_t a = p.address.lane[std::countr_zero(left)];
        for (const std::uint32_t from : {a, a + p.second}) {
          if (p.kind == Pending::Kind::lds_read) {
            context_.lds.touch_read(from, p.bytes, w.number);
          } else {
            context_.lds.touch_write(from, p.bytes, w.number);
          }
        }
      }
    }
    bool stores = w.stores.size() != 0;
    for (std::size_t q = 0; q < w.vector_memory.size(); ++q) {
      stores |= w.vector_memory[q].kind == Pending::Kind::store;
    }
    if (stores) context_.unreleased |= std::uint64_t{1} << w.number;
  }
}

}  // namespace moat::amdgcn
