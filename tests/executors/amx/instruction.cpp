// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amx/instruction.hpp"

#include <cstring>
#include <optional>

namespace moat::amx {

namespace {

constexpr std::uint8_t kVex3 = 0xc4;
constexpr std::uint8_t kMap0F38 = 2;
constexpr std::uint8_t kFs = 0x64;
constexpr std::uint8_t kGs = 0x65;
constexpr std::uint8_t kAddress32 = 0x67;
constexpr int kNoIndex = 4;
constexpr int kHasSib = 4;
constexpr int kNoBase = 5;
constexpr int kTiles = 8;

// Bytes C4, RXBmmmmm, WvvvvLpp of a VEX prefix, with what it holds inverted as it is meant.
struct Vex {
  int r, x, b, map, w, v, l, pp;

  explicit Vex(const std::uint8_t* p)
      : r(~p[1] >> 7 & 1),
        x(~p[1] >> 6 & 1),
        b(~p[1] >> 5 & 1),
        map(p[1] & 0x1f),
        w(p[2] >> 7),
        v(~p[2] >> 3 & 15),
        l(p[2] >> 2 & 1),
        pp(p[2] & 3) {}
};

// Of 0x49 three fields of ModRM tell besides which one it is.
std::optional<Operation> operation_of(int opcode, int pp, bool in_memory) {
  if (opcode == 0x49 && pp == 0) return in_memory ? Operation::ldtilecfg : Operation::tilerelease;
#define MOAT_ROW(name, capitals, its_pp, its_opcode) \
  if (opcode == its_opcode && pp == its_pp) return Operation::name;
  MOAT_AMX_OPERATIONS(MOAT_ROW)
#undef MOAT_ROW
  return std::nullopt;
}

template <class I>
I read(const std::uint8_t*& p) {
  I x;
  std::memcpy(&x, p, sizeof x);
  p += sizeof x;
  return x;
}

// The operand in memory that ModRM, at p, begins. Moves p behind it.
void decode_address(const std::uint8_t*& p, const Vex& vex, const Registers& registers,
                    bool strided, Instruction& to, bool& has_index) {
  const int mod = *p >> 6;
  const int rm = *p++ & 7;
  std::uint64_t base = 0;
  bool relative = false;
  bool wide = mod == 2;  // displacement of 32 bits
  has_index = false;
  if (rm == kHasSib) {
    const int scale = *p >> 6;
    const int index = (*p >> 3 & 7) | vex.x << 3;
    const int low = *p++ & 7;
    if (low == kNoBase && mod == 0) {
      wide = true;
    } else {
      base = registers[low | vex.b << 3];
    }
    if (index != kNoIndex) {
      has_index = true;
      const std::uint64_t scaled = registers[index] << scale;
      if (strided) {
        to.stride = static_cast<std::int64_t>(scaled);
      } else {
        base += scaled;
      }
    }
  } else if (rm == kNoBase && mod == 0) {
    wide = true;
    relative = true;
  } else {
    base = registers[rm | vex.b << 3];
  }
  std::int64_t displacement = 0;
  if (mod == 1) displacement = read<std::int8_t>(p);
  if (wide) displacement = read<std::int32_t>(p);
  // No operation here has an immediate: the next instruction follows.
  if (relative) base = reinterpret_cast<std::uint64_t>(p);
  to.address = base + static_cast<std::uint64_t>(displacement);
}

bool has_memory(Operation o) {
  return o == Operation::ldtilecfg || o == Operation::sttilecfg || o == Operation::tileloadd ||
         o == Operation::tileloaddt1 || o == Operation::tilestored;
}

bool is_product(Operation o) { return o >= Operation::tdpbf16ps; }

}  // namespace

Decoded decode(const std::uint8_t* code, const Registers& registers, Instruction& to, Fault& why) {
  const std::uint8_t* p = code;
  int prefix = 0;
  if (*p == kFs || *p == kGs || *p == kAddress32) prefix = *p++;
  if (*p != kVex3) return Decoded::no_matrix_instruction;
  const Vex vex(p);
  const int opcode = p[3];
  if (vex.map != kMap0F38 || (opcode != 0x49 && opcode != 0x4b && opcode != 0x5c && opcode != 0x5e))
    return Decoded::no_matrix_instruction;
  p += 4;
  const int mod = *p >> 6;
  const int reg = (*p >> 3 & 7) | vex.r << 3;
  const int rm = (*p & 7) | vex.b << 3;
  const auto operation = operation_of(opcode, vex.pp, mod != 3);
  if (!operation) return Decoded::no_matrix_instruction;
  to = {.operation = *operation};
  const auto faulty = [&](const Fault& f) {
    why = f;
    return Decoded::faulty;
  };
  if (vex.w != 0) return faulty(fault("#UD", "VEX.W is 1"));
  if (vex.l != 0) return faulty(fault("#UD", "VEX.L is 1"));
  if (prefix != 0) {
    return faulty(fault("refused", "the prefix %02x is not known to the interpreter", prefix));
  }
  if (!is_product(*operation) && vex.v != 0) return faulty(fault("#UD", "VEX.vvvv is not 1111b"));
  const bool strided = opcode == 0x4b;
  if (has_memory(*operation)) {
    if (mod == 3) return faulty(fault("#UD", "ModRM.mod is 11b: no operand in memory"));
    if (strided && (*p & 7) != kHasSib) {
      return faulty(fault("#UD", "ModRM.rm is not 100b: no SIB byte"));
    }
    if (!strided && (reg & 7) != 0) return faulty(fault("#UD", "ModRM.reg is not 000b"));
    bool has_index = false;
    decode_address(p, vex, registers, strided, to, has_index);
    // Hardware takes a stride of 0: all rows are one.
    if (strided && !has_index) return faulty(fault("refused", "no index register: no stride"));
    to.tile = reg;
  } else {
    if (mod != 3) return faulty(fault("#UD", "ModRM.mod is not 11b: an operand in memory"));
    ++p;
    to.tile = reg;
    if (is_product(*operation)) {
      to.left = rm;
      to.right = vex.v;
    } else if ((rm & 7) != 0 || (*operation == Operation::tilerelease && reg != 0)) {
      return faulty(fault("#UD", "fields of ModRM that must be 000b are not"));
    }
  }
  to.length = static_cast<int>(p - code);
  for (const int tile : {to.tile, to.left, to.right}) {
    if (tile >= kTiles) return faulty(fault("#UD", "palette 1 has no tmm%d", tile));
  }
  return Decoded::instruction;
}

}  // namespace moat::amx
