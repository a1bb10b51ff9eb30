// SPDX-License-Identifier: Apache-2.0
// Branches, waits, barriers and what orders memory: CDNA3 ISA and RDNA3 ISA, "SOPP".
#include "tests/executors/amd/operations.hpp"
#include "tests/executors/amd/wave.hpp"

namespace moat::amdgcn {
namespace {

void nothing(const Instruction&, Wave&) {}

template <bool kTaken>
void branch_scc(const Instruction& i, Wave& w) {
  if (!w.scc_defined) throw Fault("SCC is undefined");
  if (w.scc == kTaken) w.pc = i.target;
}

template <bool kZero>
void branch_vcc(const Instruction& i, Wave& w) {
  Operand vcc;
  vcc.kind = Operand::Kind::scalar;
  vcc.index = kVcc;
  const Wave::Bits b = w.mask(vcc);
  const std::uint64_t used = w.full();
  if ((b.defined & used) != used && (b.value & b.defined & used) == 0) {
    throw Fault("VCC is undefined");
  }
  if (((b.value & used) == 0) == kZero) w.pc = i.target;
}

template <bool kZero>
void branch_exec(const Instruction& i, Wave& w) {
  if ((w.exec() == 0) == kZero) w.pc = i.target;
}

void wait(const Instruction& i, Wave& w) {
  if (i.vector_count >= 0) w.wait_vector_memory(static_cast<std::size_t>(i.vector_count));
  if (i.lds_count >= 0) w.wait_lds(static_cast<std::size_t>(i.lds_count));
  if (i.store_count >= 0) w.wait_stores(static_cast<std::size_t>(i.store_count));
}

// What the assembler fills the space behind a kernel with.
void beyond_the_end(const Instruction&, Wave&) { throw Fault("runs past its end"); }

constexpr Operation kOperations[] = {
    {"s_code_end", beyond_the_end},
    {"v_illegal", beyond_the_end},
    {"s_nop", nothing},
    {"s_sendmsg", nothing},  // only MSG_DEALLOC_VGPRS, which decode.cpp sees to
    {"s_clause", nothing},
    {"s_delay_alu", nothing},
    {"s_setprio", nothing},
    {"s_set_inst_prefetch_distance", nothing},
    {"s_waitcnt_depctr", nothing},  // hazards that hardware of gfx11 leaves to software
    // Caches: blocks run one after another and memory is coherent.
    {"buffer_gl0_inv", nothing},
    {"buffer_gl1_inv", nothing},
    {"buffer_inv", nothing},
    {"buffer_wbl2", nothing},
    {"buffer_wbinvl1_vol", nothing},
    {"buffer_wbinvl1", nothing},
    {"s_branch", [](const Instruction& i, Wave& w) { w.pc = i.target; }},
    {"s_cbranch_scc0", branch_scc<false>},
    {"s_cbranch_scc1", branch_scc<true>},
    {"s_cbranch_vccz", branch_vcc<true>},
    {"s_cbranch_vccnz", branch_vcc<false>},
    {"s_cbranch_execz", branch_exec<true>},
    {"s_cbranch_execnz", branch_exec<false>},
    {"s_endpgm", [](const Instruction&, Wave& w) { w.state = State::ended; }},
    {"s_barrier", [](const Instruction&, Wave& w) { w.state = State::at_barrier; }},
    {"s_waitcnt", wait},
    {"s_waitcnt_vscnt", wait},
};

}  // namespace

std::span<const Operation> control_operations() { return kOperations; }

}  // namespace moat::amdgcn
