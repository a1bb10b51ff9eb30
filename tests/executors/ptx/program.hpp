// SPDX-License-Identifier: Apache-2.0
// PTX, decoded: no text is read while it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/executors/ptx/operations.hpp"

namespace moat::ptx {

inline constexpr int kWarp = 32;
inline constexpr u32 kAllLanes = 0xffffffffu;

// PTX that this executor cannot read: what, where.
struct ParseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Op : u16 {
#define MOAT_ROW(op, ...) op,
  MOAT_PTX_UNARY(MOAT_ROW) MOAT_PTX_BINARY(MOAT_ROW) MOAT_PTX_TERNARY(MOAT_ROW)
      MOAT_PTX_COMPARE(MOAT_ROW) MOAT_PTX_SELECT(MOAT_ROW) MOAT_PTX_PREDICATE(MOAT_ROW)
#undef MOAT_ROW
          cvta_global,
  cvta_shared,
  cvta_param,
  cvta_to_global,
  cvta_to_shared,
  pack_b32,  // of two 16-bit registers
  unpack_b32,
  pack_b64,
  unpack_b64,
  bra,
  ret,
  ld,
  st,
  atom_add,
  membar_gl,
  shfl_bfly,
  shfl_idx,
  bar_sync,
  bar_arrive,
  bar_warp_sync,
  mma_f16,
  mma_bf16,
  mma_tf32,
  ldmatrix,
  cp_async,
  cp_async_commit,
  cp_async_wait,
  mbarrier_init,
  mbarrier_arrive,
  mbarrier_arrive_expect,
  mbarrier_try_wait,
  fence_mbarrier_init,
  fence_proxy_async,
  tma_load,
  wgmma,
  wgmma_fence,
  wgmma_commit,
  wgmma_wait,
  setmaxnreg_inc,
  setmaxnreg_dec,
};

// An operand's type in a wgmma.
enum class Element : std::uint8_t { f16, bf16, e4m3, e5m2 };
constexpr bool is_code(Element e) { return e == Element::e4m3 || e == Element::e5m2; }

enum class Space : std::uint8_t { generic, global, shared, param };

// A register of the warp: a value for each lane, or a word of bits for a predicate. Immediate
// operands and special registers are registers too.
struct Operand {
  u32 slot;   // in 32-bit words of the register file
  u32 state;  // number of the register
};

struct Instruction {
  Op op = Op::ret;
  Space space = Space::generic;
  bool guarded = false;  // by the predicate `guard`
  bool negated = false;
  bool wide_result = false;     // ld, st: 64-bit registers
  bool sign_extended = false;   // ld
  bool read_only = false;       // of a load: nothing of the launch writes there (ld.global.nc)
  bool transposed = false;      // ldmatrix; B of wgmma
  bool in_registers = false;    // A of wgmma
  Element left = Element::f16;  // wgmma; both are codes, or of one type
  Element right = Element::f16;
  std::uint8_t bytes = 0;  // of an element in memory
  std::uint8_t dests = 0;
  std::uint8_t sources = 0;  // follow the destinations
  u16 count = 0;  // matrices, accumulators (which follow the sources), pending groups …
  Operand guard{};
  u32 operands = 0;  // the first in Kernel::operands
  u32 target = 0;    // of a branch
  u32 text = 0;      // where it begins in the module
  s64 immediate = 0;
};

enum class Special : std::uint8_t {
  tid_x,
  ntid_x,
  ctaid_x,
  nctaid_x,
  laneid,
  zero,
};

struct Parameter {
  std::size_t offset;
  std::size_t bytes;
  std::size_t alignment;
};

// An array of shared memory that a module or an entry declares.
struct SharedArray {
  std::string_view name;
  std::size_t alignment = 1;
  std::size_t bytes = 0;  // 0: dynamic, its size is the launch's
};

// Where in a source an instruction comes from, if the PTX has .loc.
struct Source {
  u32 file = 0;  // its number in the module
  u32 line = 0;  // 0: not known
};
using Files = std::map<u32, std::string>;

struct Kernel {
  std::string name;
  std::shared_ptr<const std::string> text;  // of the module
  std::vector<Instruction> code;
  std::vector<Operand> operands;
  std::vector<Parameter> parameters;
  std::size_t parameter_bytes = 0;
  std::size_t parameter_alignment = 1;
  int max_threads = 0;  // .maxntid, or 0
  std::size_t static_shared_bytes = 0;
  std::size_t dynamic_shared_offset = 0;  // behind them, aligned

  u32 registers = 0;  // with constants, which come last
  u32 words = 0;      // of the register file
  struct Constant {
    Operand at;
    int bits;  // 1: a predicate
    u64 value;
  };
  std::vector<Constant> constants;
  struct SpecialRegister {
    Operand at;
    Special which;
  };
  std::vector<SpecialRegister> specials;
  std::vector<std::string> names;  // of the registers
  std::vector<std::uint8_t> bits;  // of the registers

  std::vector<Source> sources;         // of the instructions
  std::shared_ptr<const Files> files;  // of the module

  // "line 417: `mov.u32 %r1, %tid.x;`", "line 417 (/home/me/own.cu:12): `…`" where a source is
  // known
  std::string describe(u32 pc) const;
};

// Addresses of the 32-bit windows. Shared memory begins where the hardware's does: the first KiB
// is the system's.
inline constexpr u64 kSharedWindow = 1024;
inline constexpr u64 kParamWindow = 0x1000;
// Generic addresses of the windows; global memory has the host's addresses.
inline constexpr u64 kGenericShared = u64{1} << 56;
inline constexpr u64 kGenericParam = u64{1} << 57;

// A module's entries, each decoded when it is first asked for.
class Module {
 public:
  // Throws ParseError, also for directives that are not known.
  explicit Module(std::string text);

  const std::string& target() const { return target_; }
  std::vector<std::string_view> entries() const;
  // Null if there is none of this name. Throws ParseError.
  const Kernel* find(std::string_view name);
  std::string_view text_of(std::string_view name) const;

 private:
  struct Entry {
    std::string_view name;
    std::size_t begin;  // of its text, from ".entry" on
    std::size_t end;
    std::unique_ptr<Kernel> kernel;
  };

  std::shared_ptr<const std::string> text_;
  std::string target_;
  std::vector<SharedArray> shared_;
  std::shared_ptr<Files> files_ = std::make_shared<Files>();
  std::vector<Entry> entries_;
};

}  // namespace moat::ptx
