// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amx/interpreter.hpp"

#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "tests/executors/amx/tiles.hpp"

namespace moat::amx {

namespace {

// Of the executable itself, so that a handler finds it without an allocation.
[[gnu::tls_model("local-exec")]] thread_local constinit Tiles tiles;

constinit std::atomic<std::int64_t> counts[kOperations] = {};

Registers registers_of(const ucontext_t& context) {
  constexpr int kOrder[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  Registers registers;
  for (int i = 0; i < 16; ++i) {
    registers[static_cast<std::size_t>(i)] =
        static_cast<std::uint64_t>(context.uc_mcontext.gregs[kOrder[i]]);
  }
  return registers;
}

[[noreturn]] void end_process(const Instruction& instruction, const void* at, const Fault& why) {
  char text[320];
  const int size = std::snprintf(text, sizeof text, "matrix interpreter: %s at %p: %s: %s\n",
                                 name_of(instruction.operation), at, why.exception, why.reason);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, static_cast<std::size_t>(size));
  std::abort();
}

void on_illegal_instruction(int /*signal*/, siginfo_t* /*info*/, void* context) {
  auto& uc = *static_cast<ucontext_t*>(context);
  const Registers registers = registers_of(uc);
  const auto* code = reinterpret_cast<const std::uint8_t*>(uc.uc_mcontext.gregs[REG_RIP]);
  // No matrix instruction changes a general register, so that those of a run see the same ones.
  for (bool first = true;; first = false) {
    Instruction instruction{};
    Fault why;
    const Decoded decoded = decode(code, registers, instruction, why);
    if (decoded == Decoded::no_matrix_instruction) {
      if (first) signal(SIGILL, SIG_DFL);  // the instruction is tried again
      break;
    }
    if (decoded == Decoded::instruction) why = tiles.execute(instruction);
    if (why) end_process(instruction, code, why);
    counts[static_cast<int>(instruction.operation)].fetch_add(1, std::memory_order_relaxed);
    code += instruction.length;
  }
  uc.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(code);
}

}  // namespace

bool has_matrix_unit() {
  // CPUID leaf 7, EDX: bit 22 AMX-BF16, 24 AMX-TILE, 25 AMX-INT8.
  constexpr unsigned kUnits = 1u << 22 | 1u << 24 | 1u << 25;
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kUnits) != kUnits) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

void interpret() {
  struct sigaction action = {};
  action.sa_sigaction = on_illegal_instruction;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGILL, &action, nullptr) != 0) std::abort();
}

std::int64_t executed(Operation operation) {
  return counts[static_cast<int>(operation)].load(std::memory_order_relaxed);
}

bool tiles_in_use() { return tiles.configured(); }

}  // namespace moat::amx
