// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/decode.hpp"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include "tests/executors/amd/fault.hpp"
#include "tests/executors/amd/lane_wise.hpp"
#include "tests/executors/amd/operations.hpp"

namespace moat::amdgcn {
namespace {

using Kind = Operand::Kind;

// What decode() cannot read; the instruction becomes an unknown one.
struct NotUnderstood {
  std::string what;
};

const std::map<std::string_view, Instruction::Execute>& operations() {
  static const auto all = [] {
    std::map<std::string_view, Instruction::Execute> map;
    for (const auto list :
         {scalar_operations(), control_operations(), integer_operations(), float_operations(),
          packed_operations(), compare_operations(), lane_operations(), lds_operations(),
          memory_operations(), matrix_operations()}) {
      for (const Operation& o : list) map.emplace(o.name, o.execute);
    }
    return map;
  }();
  return all;
}

void replace(std::string& s, std::string_view from, std::string_view to) {
  if (const auto at = s.find(from); at != std::string::npos) s.replace(at, from.size(), to);
}

bool remove_suffix(std::string& s, std::string_view suffix) {
  if (!s.ends_with(suffix)) return false;
  s.resize(s.size() - suffix.size());
  return true;
}

// gfx9's name of an operation, without the encoding.
std::string canonical(std::string name) {
  for (const std::string_view encoding : {"_e32", "_e64", "_sdwa"}) remove_suffix(name, encoding);
  replace(name, "v_dual_", "v_");
  replace(name, "_load_2addr_", "_read2_");
  replace(name, "_store_2addr_", "_write2_");
  replace(name, "2_stride64_", "2st64_");
  if (name.starts_with("ds_")) {
    replace(name, "_load_", "_read_");
    replace(name, "_store_", "_write_");
  }
  if (name.starts_with("s_load_") || name.starts_with("global_") || name.starts_with("buffer_")) {
    constexpr std::pair<std::string_view, std::string_view> kWidths[] = {
        {"_b512", "_dwordx16"}, {"_b256", "_dwordx8"}, {"_b128", "_dwordx4"},
        {"_b96", "_dwordx3"},   {"_b64", "_dwordx2"},  {"_b32", "_dword"},
        {"_u16", "_ushort"},    {"_u8", "_ubyte"},     {"_d16_hi_b16", "_short_d16_hi"},
        {"_b16", "_short"},     {"_b8", "_byte"},      {"_add_u32", "_add"}};
    for (const auto& [from, to] : kWidths) {
      if (name.ends_with(from)) {
        replace(name, from, to);
        break;
      }
    }
  }
  replace(name, "_nc_u", "_u");
  replace(name, "_co_ci_u32", "c_co_u32");  // v_add_co_ci_u32
  replace(name, "v_subc_co", "v_subb_co");
  replace(name, "s_and_not1_", "s_andn2_");
  if (name.starts_with("v_mfma_")) {
    replace(name, "x16f16", "x16_f16");
    replace(name, "x16bf16_1k", "x16_bf16");
    replace(name, "x4f32", "x4_f32");
  }
  return name;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '(') ++depth;
    if (text[i] == ']' || text[i] == ')') --depth;
    if (depth == 0 && text.substr(i).starts_with(separator)) {
      parts.push_back(text.substr(from, i - from));
      i += separator.size() - 1;
      from = i + 1;
    }
  }
  if (from < text.size()) parts.push_back(text.substr(from));
  return parts;
}

std::optional<std::int64_t> integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  const bool hex = digits.starts_with("0x");
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

std::int64_t demand_integer(std::string_view text) {
  const auto value = integer(text);
  if (!value) throw NotUnderstood{"the number " + std::string(text)};
  return *value;
}

Operand named(int index, int words) {
  Operand o;
  o.kind = Kind::scalar;
  o.index = static_cast<std::uint16_t>(index);
  o.words = static_cast<std::uint8_t>(words);
  return o;
}

// v3, v[4:7], s[0:1], vcc, 0.5, 0x1f, -|v3|, sext(v2).
Operand parse_operand(std::string_view text) {
  if (text == "off") return {};
  if (text.starts_with("sext(") && text.ends_with(')')) {
    Operand o = parse_operand(text.substr(5, text.size() - 6));
    o.sign_extended = true;
    return o;
  }
  if (text.size() > 1 && text[0] == '-' && (text[1] == '|' || text[1] == 'v' || text[1] == 's')) {
    Operand o = parse_operand(text.substr(1));
    o.negative = true;
    return o;
  }
  if (text.size() > 2 && text.front() == '|' && text.back() == '|') {
    Operand o = parse_operand(text.substr(1, text.size() - 2));
    o.absolute = true;
    return o;
  }
  constexpr struct {
    std::string_view name;
    int index;
    int words;
  } kNames[] = {{"vcc", kVcc, 2},   {"vcc_lo", kVcc, 1},   {"vcc_hi", kVcc + 1, 1},
                {"exec", kExec, 2}, {"exec_lo", kExec, 1}, {"exec_hi", kExec + 1, 1},
                {"m0", kM0, 1},     {"null", kNull, 1}};
  for (const auto& n : kNames) {
    if (text == n.name) return named(n.index, n.words);
  }
  if (text.size() > 1 && (text[0] == 'v' || text[0] == 's')) {
    Operand o;
    o.kind = text[0] == 'v' ? Kind::vector : Kind::scalar;
    std::int64_t first = 0;
    std::int64_t last = 0;
    if (text[1] == '[' && text.back() == ']') {
      const std::size_t colon = text.find(':');
      if (colon == std::string_view::npos) throw NotUnderstood{"the operand " + std::string(text)};
      first = demand_integer(text.substr(2, colon - 2));
      last = demand_integer(text.substr(colon + 1, text.size() - colon - 2));
    } else {
      first = last = demand_integer(text.substr(1));
    }
    if (o.kind == Kind::scalar && last >= kVcc)
      throw NotUnderstood{"the operand " + std::string(text)};
    o.index = static_cast<std::uint16_t>(first);
    o.words = static_cast<std::uint8_t>(last - first + 1);
    return o;
  }
  Operand o;
  o.kind = Kind::constant;
  if (const auto value = integer(text)) {
    o.value = static_cast<std::uint64_t>(*value);
    return o;
  }
  char* end = nullptr;
  const std::string copy(text);
  o.value = std::bit_cast<std::uint64_t>(std::strtod(copy.c_str(), &end));
  if (end != copy.c_str() + copy.size()) throw NotUnderstood{"the operand " + copy};
  o.is_float = true;
  return o;
}

std::uint8_t parse_bits(std::string_view text) {
  std::uint8_t bits = 0;
  int at = 0;
  for (const std::string_view one : split(text.substr(1, text.size() - 2), ",")) {
    if (demand_integer(one) != 0) bits = static_cast<std::uint8_t>(bits | 1 << at);
    ++at;
  }
  return bits;
}

Select parse_select(std::string_view text) {
  constexpr std::pair<std::string_view, Select> kAll[] = {
      {"DWORD", Select::dword},  {"BYTE_0", Select::byte0}, {"BYTE_1", Select::byte1},
      {"BYTE_2", Select::byte2}, {"BYTE_3", Select::byte3}, {"WORD_0", Select::word0},
      {"WORD_1", Select::word1}};
  for (const auto& [name, select] : kAll) {
    if (text == name) return select;
  }
  throw NotUnderstood{"the selection " + std::string(text)};
}

// An instruction and what its text says beside operands.
struct Parsed {
  std::string name;
  Instruction instruction;
};

void parse_modifier(std::string_view text, Parsed& p) {
  Instruction& i = p.instruction;
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const std::string_view value =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const bool buffer = p.name.starts_with("buffer_");
  if (name == "offset") {
    i.offset = static_cast<std::int32_t>(demand_integer(value));
  } else if (name == "offset0" || name == "offset1") {
    const std::int32_t element =
        (p.name.ends_with("_b64") ? 8 : 4) * (p.name.find("2st64_") != p.name.npos ? 64 : 1);
    (name == "offset0" ? i.offset : i.offset1) =
        static_cast<std::int32_t>(demand_integer(value)) * element;
  } else if (name == "op_sel" && (p.name.starts_with("v_pk_") || p.name.starts_with("v_fma_mix") ||
                                  p.name == "v_pack_b32_f16")) {
    i.op_sel = parse_bits(value);
  } else if (name == "op_sel_hi") {
    i.op_sel_hi = parse_bits(value);
  } else if (name == "neg_lo") {
    i.neg_lo = parse_bits(value);
  } else if (name == "neg_hi") {
    i.neg_hi = parse_bits(value);
  } else if (name == "src0_sel") {
    i.o[1].select = parse_select(value);
  } else if (name == "src1_sel") {
    i.o[2].select = parse_select(value);
  } else if (name == "dst_sel") {
    i.destination_select = parse_select(value);
    if (i.destination_select != Select::dword &&
        (i.destination_select != Select::word1 || p.name != "v_cvt_f16_f32")) {
      throw NotUnderstood{std::string(text)};
    }
  } else if (text == "dst_unused:UNUSED_PAD" || (buffer && text == "offen")) {
  } else if (text == "sc0" || text == "glc") {
    i.returns = true;
  } else if (text != "sc1" && text != "nt" && text != "slc" && text != "dlc") {
    throw NotUnderstood{"the modifier " + std::string(text)};
  }
}

// Without "vmcnt(0) lgkmcnt(1)", all counts may stand.
void parse_waits(std::string_view text, Instruction& i) {
  for (const std::string_view one : split(text, " ")) {
    const std::size_t open = one.find('(');
    if (open == std::string_view::npos || !one.ends_with(')')) {
      throw NotUnderstood{"the wait " + std::string(one)};
    }
    const auto count =
        static_cast<std::int8_t>(demand_integer(one.substr(open + 1, one.size() - open - 2)));
    const std::string_view name = one.substr(0, open);
    if (name == "vmcnt") {
      i.vector_count = count;
    } else if (name == "lgkmcnt") {
      i.lds_count = count;
    } else if (name != "expcnt") {
      throw NotUnderstood{"the wait " + std::string(one)};
    }
  }
}

// "off" stands for a scalar base that is not there, or for offsets of a buffer's lanes.
bool may_be_off(std::string_view name, std::size_t operand) {
  return name.starts_with("global_") ? operand >= 2
                                     : name.starts_with("buffer_load_") && operand == 1;
}

void parse_operands(std::string_view text, Parsed& p) {
  Instruction& i = p.instruction;
  if (p.name == "s_waitcnt") return parse_waits(text, i);
  if (p.name == "s_waitcnt_vscnt") {
    if (!text.starts_with("null, ")) throw NotUnderstood{std::string(text)};
    i.store_count = static_cast<std::int8_t>(demand_integer(text.substr(6)));
    return;
  }
  if (p.name == "s_delay_alu" || p.name == "s_waitcnt_depctr") return;
  if (p.name == "s_sendmsg") {
    if (text != "sendmsg(MSG_DEALLOC_VGPRS)") throw NotUnderstood{std::string(text)};
    return;
  }
  const bool packed = p.name.starts_with("v_pk_");
  i.op_sel_hi = packed && p.name != "v_pk_mov_b32" ? 7 : 0;
  std::size_t count = 0;
  std::vector<std::string_view> modifiers;
  for (std::string_view part : split(text, ",")) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    const auto words = split(part, " ");
    std::size_t first_modifier = 0;
    // buffer_inv has modifiers only.
    if (!words.empty() && words[0] != "sc0" && words[0] != "sc1" && words[0] != "offen") {
      if (count == i.o.size()) throw NotUnderstood{"so many operands"};
      i.o[count] = parse_operand(words[0]);
      if (i.o[count].kind == Kind::none && !may_be_off(p.name, count)) {
        throw NotUnderstood{"the operand off"};
      }
      ++count;
      first_modifier = 1;
    }
    for (std::size_t word = first_modifier; word < words.size(); ++word) {
      if (!words[word].empty()) modifiers.push_back(words[word]);
    }
  }
  for (const std::string_view m : modifiers) parse_modifier(m, p);
  if (packed) {
    for (std::size_t s = 1; s < count; ++s) {
      if (i.o[s].kind == Kind::constant && ((i.op_sel | i.op_sel_hi) >> (s - 1) & 1) != 0) {
        throw NotUnderstood{"the upper half of a constant"};
      }
    }
  }
}

// Brings the operands of variants of an operation to the same places.
void arrange(Parsed& p, bool wave32) {
  Instruction& i = p.instruction;
  auto& o = i.o;
  const Operand vcc = named(kVcc, wave32 ? 1 : 2);
  if (p.name.starts_with("v_cmpx_")) {
    // gfx11 writes EXEC alone.
    if (o[2].kind != Kind::none) throw NotUnderstood{"v_cmpx with a destination"};
    o[2] = o[1];
    o[1] = o[0];
    o[0] = named(kExec, wave32 ? 1 : 2);
    p.name.erase(p.name.find('x'), 1);
  } else if (p.name == "v_cndmask_b32" && o[3].kind == Kind::none) {
    o[3] = vcc;  // of VOPD
  } else if (p.name.starts_with("s_load_")) {
    if (o[2].kind == Kind::constant) i.offset = static_cast<std::int32_t>(o[2].value);
    if (o[2].kind == Kind::constant || o[2].index == kNull) o[2] = {};
  } else if (p.name.starts_with("v_fma_mix")) {
    for (const std::uint8_t half : {i.neg_lo, i.neg_hi}) {
      if (half != 0) throw NotUnderstood{"neg_lo or neg_hi"};
    }
  } else if (p.name.starts_with("buffer_load_") && o[1].kind == Kind::none) {
    o[1].kind = Kind::constant;  // no offset of the lanes is one of 0
  }
}

// A constant of floating point is as wide as what the operation reads there (CDNA3 ISA and RDNA3
// ISA, "Inline Constants"): 0.5 is binary16, binary32 or binary64.
void encode_floats(Parsed& p) {
  Instruction& i = p.instruction;
  const std::string_view name = p.name;
  const bool half = (name.starts_with("v_cmp_") && name.ends_with("_f16")) ||
                    name == "v_pack_b32_f16" || name == "v_cvt_f32_f16";
  const bool product = name.starts_with("v_mfma_f32_") || name.starts_with("v_wmma_f32_");
  const bool mixed = name.starts_with("v_fma_mix");
  const bool single = name.find("64") == std::string_view::npos && name != "v_pk_mov_b32" &&
                      (name.ends_with("_f32") || name.ends_with("_b32") || name.ends_with("_u32") ||
                       name.ends_with("_i32"));
  for (std::size_t at = 0; at < i.o.size(); ++at) {
    Operand& o = i.o[at];
    if (!o.is_float) continue;
    const auto value = std::bit_cast<double>(o.value);
    if (half) {
      o.value = float_to_half(static_cast<float>(value));
    } else if (name == "s_mov_b64" || name == "v_mov_b64") {
      // It is there already.
    } else if (product ? at == 3 : mixed ? (i.op_sel_hi >> (at - 1) & 1) == 0 : single) {
      o.value = as_bits(static_cast<float>(value));
    } else {
      throw NotUnderstood{"a constant of floating point"};
    }
  }
}

[[noreturn]] void unknown(const Instruction&, Wave&) {
  throw Fault("the executor does not know this instruction");
}

class Decoder {
 public:
  Decoder(Program& program, const KernelInfo& kernel)
      : program_(program), wave32_(kernel.wave_width == 32) {
    registers_ = static_cast<std::size_t>(kernel.vector_registers);
  }

  void add(const Line& line, std::uint32_t number) {
    try {
      std::vector<Instruction> parts;
      const auto halves = split(line.operands, " :: ");
      for (std::size_t half = 0; half < std::max<std::size_t>(1, halves.size()); ++half) {
        std::string_view text = halves.empty() ? std::string_view() : halves[half];
        std::string name = line.mnemonic;
        if (half > 0) {
          const std::size_t blank = std::min(text.find(' '), text.size());
          name = text.substr(0, blank);
          text.remove_prefix(std::min(blank + 1, text.size()));
        }
        parts.push_back(parse(name, text, number));
      }
      if (parts.size() == 2) separate(parts);
      for (Instruction& i : parts) program_.instructions.push_back(i);
    } catch (const NotUnderstood& e) {
      program_.unknown.push_back(program_.text[number] + ": " + e.what);
      Instruction i;
      i.execute = unknown;
      i.line = number;
      program_.instructions.push_back(i);
    }
  }

 private:
  Instruction parse(const std::string& mnemonic, std::string_view text, std::uint32_t number) {
    Parsed p{.name = canonical(mnemonic), .instruction = {}};
    p.instruction.line = number;
    parse_operands(text, p);
    arrange(p, wave32_);
    const auto found = operations().find(p.name);
    if (found == operations().end()) throw NotUnderstood{"the operation " + p.name};
    encode_floats(p);
    p.instruction.execute = found->second;
    p.instruction.keeps_high = wave32_;
    for (Operand& o : p.instruction.o) {
      if (o.kind == Kind::vector && o.index + std::size_t{o.words} > registers_) {
        throw NotUnderstood{"a register that the kernel does not have"};
      }
      if (o.kind == Kind::constant) o.broadcast = constant(o.value);
    }
    return p.instruction;
  }

  const LaneValues* constant(std::uint64_t value) {
    auto [at, is_new] = program_.constants.try_emplace(value);
    if (is_new) {
      for (std::size_t word = 0; word < 2; ++word) {
        for (std::uint32_t& lane : at->second[word].lane) {
          lane = static_cast<std::uint32_t>(value >> (32 * word));
        }
      }
    }
    return at->second.data();
  }

  // Both halves of a VOPD instruction read before one writes (RDNA3 ISA, "Dual Issue VALU"). If the
  // second reads what the first writes, it reads a copy.
  void separate(std::vector<Instruction>& parts) {
    const std::uint16_t written = parts[0].o[0].index;
    const auto copy_index = static_cast<std::uint16_t>(registers_);
    bool reads = false;
    for (std::size_t s = 1; s < parts[1].o.size(); ++s) {
      Operand& o = parts[1].o[s];
      if (o.kind != Kind::vector || o.index != written) continue;
      o.index = copy_index;
      reads = true;
    }
    if (!reads) return;
    Instruction copy;
    copy.line = parts[0].line;
    copy.execute = operations().at("v_mov_b32");
    copy.o[0].kind = copy.o[1].kind = Kind::vector;
    copy.o[0].index = copy_index;
    copy.o[1].index = written;
    parts.insert(parts.begin(), copy);
  }

  Program& program_;
  bool wave32_;
  std::size_t registers_;
};

}  // namespace

Program decode(const CodeObject& object, const KernelInfo& kernel, const std::vector<Line>& lines) {
  Program program;
  program.kernel = &kernel;
  program.architecture = object.architecture;
  std::map<std::uint64_t, std::uint32_t> index_of;  // by address
  Decoder decoder(program, kernel);
  const std::uint64_t begin = lines.front().address;
  for (const Line& line : lines) {
    char offset[24];
    std::snprintf(offset, sizeof offset, "+0x%llx ",
                  static_cast<unsigned long long>(line.address - begin));
    std::string where = line.source.empty() ? "" : " (" + line.source + ")";
    program.text.push_back(offset + line.mnemonic + " " + line.operands + where);
    program.addresses.push_back(line.address);
    index_of[line.address] = static_cast<std::uint32_t>(program.instructions.size());
    decoder.add(line, static_cast<std::uint32_t>(program.text.size() - 1));
  }
  for (Instruction& i : program.instructions) {
    const Line& line = lines[i.line];
    if (i.execute == unknown || line.mnemonic.find("branch") == std::string::npos) continue;
    const auto words = static_cast<std::int16_t>(static_cast<std::uint16_t>(i.o[0].value));
    const std::uint64_t target =
        line.address + 4 + static_cast<std::uint64_t>(4 * std::int64_t{words});
    const auto found = index_of.find(target);
    if (found == index_of.end()) {
      i.execute = unknown;
      program.unknown.push_back(program.text[i.line] + ": its target is no instruction");
    } else {
      i.target = found->second;
    }
  }
  return program;
}

}  // namespace moat::amdgcn
