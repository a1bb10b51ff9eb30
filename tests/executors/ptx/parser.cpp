// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "tests/executors/ptx/lexer.hpp"

namespace moat::ptx {
namespace {

// A register's or an operand's type. Kind: 'b' untyped, 'i' an integer, 'f' a float, 'p' a
// predicate.
struct Type {
  int bits;
  char kind;

  // "Operand Size Exceeding Instruction-Type Size" is for loads and stores only; else sizes agree,
  // and an untyped register fits every type of its size.
  bool fits(Type wanted) const {
    return bits == wanted.bits && (kind == wanted.kind || kind == 'b' || wanted.kind == 'b') &&
           (kind == 'p') == (wanted.kind == 'p');
  }
};
constexpr Type kPred{1, 'p'};
constexpr Type kB16{16, 'b'};
constexpr Type kB32{32, 'b'};
constexpr Type kB64{64, 'b'};
constexpr Type kI32{32, 'i'};
constexpr Type kF32{32, 'f'};

std::optional<Type> type_named(std::string_view name) {
  if (name == "pred") return kPred;
  if (name == "bf16") return Type{16, 'f'};
  if (name == "tf32") return Type{32, 'b'};
  if (name.empty()) return std::nullopt;
  int bits = 0;
  const auto end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 1, end, bits);
  if (error != std::errc() || stop != end) return std::nullopt;
  switch (name[0]) {
    case 'b':
      return Type{bits, 'b'};
    case 'u':
    case 's':
      return Type{bits, 'i'};
    case 'f':
      return Type{bits, 'f'};
    default:
      return std::nullopt;
  }
}

// More than any device has for a block.
constexpr std::uint32_t kMostSharedBytes = 1u << 20;

// Of an array in memory.
bool is_element(Type type) {
  return type.kind != 'p' &&
         (type.bits == 8 || type.bits == 16 || type.bits == 32 || type.bits == 64);
}
// Blocks' shared memory is no better aligned.
constexpr bool is_alignment(std::size_t x) { return std::has_single_bit(x) && x <= 1024; }

constexpr std::size_t rounded_up(std::size_t x, std::size_t alignment) {
  return (x + alignment - 1) / alignment * alignment;
}

template <class T>
constexpr int kBits = 8 * static_cast<int>(sizeof(T));
template <class T>
constexpr char kKind = std::is_floating_point_v<T> ? 'f' : 'i';

// How an operation on registers is written: its result and operands, 'b' where the mnemonic's type
// is untyped.
struct Form {
  Op op;
  Type result;
  std::array<Type, 3> operands{};
  int count = 0;
};

class Forms {
 public:
  static const Forms& instance() {
    static const Forms forms;
    return forms;
  }
  const Form* find(std::string_view mnemonic) const {
    const auto it = forms_.find(mnemonic);
    return it == forms_.end() ? nullptr : &it->second;
  }

 private:
  Forms() {
#define MOAT_ROW(op, names, D, A, ...) add(names, {Op::op, type<D>(), {type<A>()}, 1});
    MOAT_PTX_UNARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, D, A, B, ...) \
  add(names, {Op::op, type<D>(), {type<A>(), type<B>()}, 2});
    MOAT_PTX_BINARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, D, A, B, C, ...) \
  add(names, {Op::op, type<D>(), {type<A>(), type<B>(), type<C>()}, 3});
    MOAT_PTX_TERNARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, T, ...) add(names, {Op::op, kPred, {type<T>(), type<T>()}, 2});
    MOAT_PTX_COMPARE(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, T) add(names, {Op::op, type<T>(), {type<T>(), type<T>(), kPred}, 3});
    MOAT_PTX_SELECT(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, operand_count, ...) \
  add(names, {Op::op, kPred, {kPred, kPred}, operand_count});
    MOAT_PTX_PREDICATE(MOAT_ROW)
#undef MOAT_ROW
    add("cvta.global.u64", {Op::cvta_global, kB64, {kB64}, 1});
    add("cvta.shared.u64", {Op::cvta_shared, kB64, {kB64}, 1});
    add("cvta.param.u64", {Op::cvta_param, kB64, {kB64}, 1});
    add("cvta.to.global.u64", {Op::cvta_to_global, kB64, {kB64}, 1});
    add("cvta.to.shared.u64", {Op::cvta_to_shared, kB64, {kB64}, 1});
  }

  template <class T>
  static constexpr Type type() {
    return {kBits<T>, kKind<T>};
  }

  // Conversions to and from 16-bit floats work on untyped registers, as tf32 does; an operation
  // named after bits takes any register of that size.
  void add(std::string_view names, Form form) {
    while (!names.empty()) {
      const std::string_view name = names.substr(0, names.find(' '));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      Form mine = form;
      const std::string_view last = name.substr(name.rfind('.') + 1);
      const bool untyped = last[0] == 'b' && last != "bf16";
      for (Type* t : {&mine.result, &mine.operands[0], &mine.operands[1], &mine.operands[2]}) {
        const bool storage =
            t->bits == 16 || name.find("x2") != name.npos || name.find("tf32") != name.npos;
        if (t->kind == 'i' && (untyped || storage)) t->kind = 'b';
      }
      forms_.emplace(std::string(name), mine);
    }
  }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, Form, Hash, std::equal_to<>> forms_;
};

// The dotted parts of a mnemonic, taken from the front.
class Parts {
 public:
  explicit Parts(std::string_view mnemonic) : rest_(mnemonic) {}
  std::string_view next() {
    const std::string_view part = rest_.substr(0, rest_.find('.'));
    rest_.remove_prefix(std::min(part.size() + 1, rest_.size()));
    return part;
  }
  bool take(std::string_view part) {
    Parts copy = *this;
    if (rest_.empty() || copy.next() != part) return false;
    *this = copy;
    return true;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

class Parser {
 public:
  Parser(std::shared_ptr<const std::string> text, std::size_t begin, std::size_t end,
         std::span<const SharedArray> shared, std::shared_ptr<const Files> files)
      : in_(*text, begin, end), shared_(shared) {
    kernel_.text = std::move(text);
    kernel_.files = std::move(files);
  }

  Kernel parse() {
    kernel_.name = in_.name();
    parameters();
    directives();
    in_.expect('{');
    open();
    while (!scopes_.empty()) statement();
    for (const Jump& jump : jumps_) {
      kernel_.code[jump.instruction].target = find_label(jump);
    }
    // Beyond the last instruction the lane ends.
    kernel_.code.push_back({.op = Op::ret, .text = static_cast<u32>(in_.at() - 1)});
    kernel_.sources.push_back(source_);
    if (kernel_.code.size() > std::numeric_limits<u16>::max()) {
      in_.fail("more instructions than this executor can number");
    }
    lay_out();
    return std::move(kernel_);
  }

 private:
  struct Declaration {
    Type type;
    std::size_t count = 0;  // %r<count>, or 0 for a single register
    u32 id = 0;
  };
  struct Scope {
    int id;
    std::map<std::string_view, Declaration> registers;
  };
  struct Register {
    Type type;
    u32 number;
  };
  struct Jump {
    std::size_t instruction;
    std::size_t at;
    std::string_view label;
    std::vector<int> scopes;
  };

  void parameters() {
    if (!in_.take('(')) return;
    if (in_.take(')')) return;
    do {
      const std::size_t at = in_.at();
      in_.expect('.');
      if (in_.word() != "param") in_.fail_at(at, ".param expected");
      std::size_t alignment = 0;
      in_.expect('.');
      std::string_view type = in_.word();
      if (type == "align") {
        alignment = static_cast<std::size_t>(in_.integer());
        if (!is_alignment(alignment)) in_.fail_at(at, "unknown alignment of a parameter");
        in_.expect('.');
        type = in_.word();
      }
      const auto known = type_named(type);
      if (!known || !is_element(*known)) in_.fail_at(at, "unknown type of a parameter");
      std::size_t bytes = static_cast<std::size_t>(known->bits) / 8;
      alignment = std::max(alignment, bytes);
      if (!is_alignment(alignment)) in_.fail_at(at, "unknown alignment of a parameter");
      const std::string_view name = in_.name();
      // PTX ISA, "Kernel Function Parameters".
      constexpr std::size_t kMostBytes = 32764;
      if (in_.take('[')) {
        const s64 count = in_.integer();
        if (count < 1 || count > static_cast<s64>(kMostBytes)) {
          in_.fail_at(at, "a parameter of an impossible size");
        }
        bytes *= static_cast<std::size_t>(count);
        in_.expect(']');
      }
      const std::size_t offset = rounded_up(kernel_.parameter_bytes, alignment);
      kernel_.parameters.push_back({offset, bytes, alignment});
      if (offset + bytes > kMostBytes) in_.fail_at(at, "more than 32764 bytes of parameters");
      kernel_.parameter_bytes = offset + bytes;
      kernel_.parameter_alignment = std::max(kernel_.parameter_alignment, alignment);
      symbols_[name] = kParamWindow + offset;
    } while (in_.take(','));
    in_.expect(')');
  }

  void directives() {
    while (in_.take('.')) {
      const std::size_t at = in_.at();
      const std::string_view name = in_.word();
      if (name == "maxntid") {
        kernel_.max_threads = 1;
        do {
          kernel_.max_threads *= static_cast<int>(in_.integer());
        } while (in_.take(','));
      } else if (name == "minnctapersm" || name == "maxnreg") {
        in_.integer();
      } else {
        in_.fail_at(at, fmt::format("unknown directive .{} of an entry", name));
      }
    }
    for (const SharedArray& array : shared_) {
      if (array.bytes != 0) place(array);
    }
    place_dynamic();
  }

  void place(const SharedArray& array) {
    const std::size_t offset = rounded_up(kernel_.static_shared_bytes, array.alignment);
    symbols_[array.name] = kSharedWindow + offset;
    kernel_.static_shared_bytes = offset + array.bytes;
    if (kernel_.static_shared_bytes > kMostSharedBytes) {
      in_.fail("more shared memory than a block can have");
    }
  }
  // Dynamic arrays follow the static ones, and all begin at one place.
  void place_dynamic() {
    std::size_t alignment = 1;
    for (const SharedArray& array : shared_) {
      if (array.bytes == 0) alignment = std::max(alignment, array.alignment);
    }
    kernel_.dynamic_shared_offset = rounded_up(kernel_.static_shared_bytes, alignment);
    for (const SharedArray& array : shared_) {
      if (array.bytes == 0) symbols_[array.name] = kSharedWindow + kernel_.dynamic_shared_offset;
    }
  }

  void open() { scopes_.push_back({next_scope_++, {}}); }

  void statement() {
    in_.begin_statement();
    if (in_.done()) in_.fail("the entry has no end");
    if (in_.take('{')) {
      open();
      return;
    }
    if (in_.take('}')) {
      scopes_.pop_back();
      return;
    }
    if (in_.take(';')) return;
    if (in_.peek() == '.') {
      const std::size_t at = in_.at();
      in_.expect('.');
      const std::string_view directive = in_.word();
      if (directive == "reg") {
        declare();
      } else if (directive == "pragma") {
        in_.skip_past(';');
      } else if (directive == "shared") {
        // Instructions before it could have named the dynamic arrays, which move.
        if (!kernel_.code.empty()) in_.fail_at(at, "shared memory behind instructions");
        place(parse_shared(in_));
        place_dynamic();
      } else if (directive == "loc") {
        source_.file = static_cast<u32>(in_.integer());
        source_.line = static_cast<u32>(in_.integer());
        in_.skip_past('\n');
      } else {
        in_.fail_at(at, fmt::format("unknown directive .{}", directive));
      }
      return;
    }
    const std::size_t begin = in_.at();
    if (in_.peek() != '@') {
      const std::string_view label = in_.word();
      if (in_.take(':')) {
        const auto [it, added] =
            labels_.try_emplace({scopes_.back().id, label}, static_cast<u32>(kernel_.code.size()));
        if (!added) in_.fail_at(begin, "the label is not unique");
        return;
      }
      in_.jump(begin);
    }
    instruction();
  }

  void declare() {
    in_.expect('.');
    const std::string_view type_name = in_.word();
    const auto type = type_named(type_name);
    if (!type || (type->bits != 1 && type->bits != 16 && type->bits != 32 && type->bits != 64)) {
      in_.fail(fmt::format("unknown type .{} of a register", type_name));
    }
    do {
      const std::string_view name = in_.name();
      Declaration declaration{.type = *type, .id = next_declaration_++};
      if (in_.take('<')) {
        declaration.count = static_cast<std::size_t>(in_.integer());
        in_.expect('>');
      }
      scopes_.back().registers[name] = declaration;
    } while (in_.take(','));
    in_.expect(';');
  }

  // Registers.
  std::optional<Register> find_register(std::string_view name) {
    std::size_t digits = name.size();
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      const auto& known = scope->registers;
      if (const auto it = known.find(name); it != known.end() && it->second.count == 0) {
        return Register{it->second.type, number(it->second, 0, name)};
      }
      const auto it = known.find(name.substr(0, digits));
      if (it == known.end() || digits == name.size()) continue;
      std::size_t index = 0;
      const auto error = std::from_chars(name.data() + digits, name.data() + name.size(), index).ec;
      if (error == std::errc() && index < it->second.count) {
        return Register{it->second.type, number(it->second, index, name)};
      }
    }
    return std::nullopt;
  }

  u32 number(const Declaration& declaration, std::size_t index, std::string_view name) {
    const auto [it, added] = numbers_.try_emplace(u64{declaration.id} << 32 | index, new_number_);
    if (added) add_register(declaration.type.bits, std::string(name));
    return it->second;
  }
  void add_register(int bits, std::string name) {
    ++new_number_;
    kernel_.bits.push_back(static_cast<std::uint8_t>(bits));
    kernel_.names.push_back(std::move(name));
  }

  u32 constant(u64 value, int bits) {
    const auto [it, added] = constants_.try_emplace({bits, value}, new_number_);
    if (added) {
      add_register(bits, fmt::format("{:#x}", value));
      kernel_.constants.push_back({{0, it->second}, bits, value});
    }
    return it->second;
  }

  u32 special(std::string_view name, Type wanted) {
    static constexpr std::pair<std::string_view, Special> kNames[] = {
        {"%tid.x", Special::tid_x},     {"%tid.y", Special::zero},
        {"%tid.z", Special::zero},      {"%ntid.x", Special::ntid_x},
        {"%ctaid.x", Special::ctaid_x}, {"%ctaid.y", Special::zero},
        {"%ctaid.z", Special::zero},    {"%nctaid.x", Special::nctaid_x},
        {"%laneid", Special::laneid},
    };
    const auto found =
        std::ranges::find(kNames, name, &std::pair<std::string_view, Special>::first);
    if (found == std::end(kNames)) fail(fmt::format("unknown register {}", name));
    if (!kI32.fits(wanted)) fail(fmt::format("{} is a 32-bit register", name));
    const auto [it, added] = specials_.try_emplace(found->second, new_number_);
    if (added) {
      add_register(32, std::string(name));
      kernel_.specials.push_back({{0, it->second}, found->second});
    }
    return it->second;
  }

  // Operands.
  void push(u32 number) { kernel_.operands.push_back({0, number}); }

  u32 register_of(Type wanted, bool wider = false, Type* type = nullptr) {
    const std::size_t at = in_.at();
    const std::string_view name = in_.name();
    const auto found = find_register(name);
    if (!found) in_.fail_at(at, fmt::format("unknown register {}", name));
    const bool fits = found->type.fits(wanted) || (wider && found->type.bits > wanted.bits &&
                                                   found->type.kind != 'p' && wanted.kind != 'f');
    if (!fits) fail(fmt::format("{} has another type than the instruction", name));
    if (type != nullptr) *type = found->type;
    return found->number;
  }

  void dest(Type wanted) {
    push(register_of(wanted));
    ++mine_.dests;
  }
  void source(Type wanted) {
    push(value(wanted));
    ++mine_.sources;
  }
  // A register, an immediate operand or an address known to the module.
  u32 value(Type wanted) {
    const char c = in_.peek();
    if (c == '-' || (c >= '0' && c <= '9')) return constant(immediate(wanted), wanted.bits);
    const std::size_t at = in_.at();
    const std::string_view name = in_.word("_$%.");
    if (name.empty()) fail(fmt::format("an operand expected, not '{}'", c));
    if (name.find('.') != name.npos || name == "%laneid") return special(name, wanted);
    if (const auto symbol = symbols_.find(name); symbol != symbols_.end()) {
      if (wanted.bits < 32 || wanted.kind == 'f') fail("an address does not fit");
      return constant(symbol->second, wanted.bits);
    }
    in_.jump(at);
    return register_of(wanted);
  }

  u64 immediate(Type wanted) {
    const std::size_t at = in_.at();
    if (in_.peek() == '0') {
      const std::string_view word = in_.word();
      if (word.size() == 10 && (word[1] == 'f' || word[1] == 'F')) {
        if (wanted.bits != 32 || wanted.kind == 'i') fail("a float where there should be none");
        u64 bits = 0;
        std::from_chars(word.data() + 2, word.data() + word.size(), bits, 16);
        return bits;
      }
      in_.jump(at);
    }
    if (wanted.kind == 'f') fail("an integer where a float should be");
    const auto bits = static_cast<u64>(in_.integer());
    if (wanted.bits == 1) return bits != 0 ? kAllLanes : 0;
    return wanted.bits == 64 ? bits : bits & ((u64{1} << wanted.bits) - 1);
  }

  s64 integer() { return in_.integer(); }
  // How many may be under way behind a wait.
  u16 groups() {
    const s64 count = integer();
    if (count < 0 || count > std::numeric_limits<u16>::max()) fail("a number of groups expected");
    return static_cast<u16>(count);
  }

  void comma() { in_.expect(','); }

  // [register + offset] or [symbol + offset]; the last source.
  void address(bool closed = true) {
    in_.expect('[');
    const std::size_t at = in_.at();
    const std::string_view name = in_.name();
    if (const auto symbol = symbols_.find(name); symbol != symbols_.end()) {
      push(constant(symbol->second, 64));
      wide_address_ = true;
    } else {
      in_.jump(at);
      const auto found = find_register(name);
      if (!found) fail(fmt::format("unknown register {}", name));
      in_.name();
      if (found->type.kind == 'p' || found->type.kind == 'f' || found->type.bits < 32) {
        fail("not an address");
      }
      wide_address_ = found->type.bits == 64;
      push(found->number);
    }
    ++mine_.sources;
    if (in_.take('+')) mine_.immediate = integer();
    if (closed) in_.expect(']');
  }

  // {a, b, …} of `count`, or of any even number if 0; each pushed, not counted as source or result.
  int list(Type wanted, int count, bool wider = false, Type* type = nullptr) {
    in_.expect('{');
    int found = 0;
    do {
      push(register_of(wanted, wider, type));
      ++found;
    } while (in_.take(','));
    in_.expect('}');
    if (count != 0 && found != count) fail(fmt::format("{} registers, not {}", found, count));
    return found;
  }
  void dests(Type wanted, int count) {
    mine_.dests = static_cast<std::uint8_t>(mine_.dests + list(wanted, count));
  }
  void sources(Type wanted, int count) {
    mine_.sources = static_cast<std::uint8_t>(mine_.sources + list(wanted, count));
  }

  [[noreturn]] void fail(const std::string& what) const { in_.fail(what); }
  [[noreturn]] void unknown(std::string_view mnemonic) const {
    fail(fmt::format("unknown instruction {}", mnemonic));
  }

  // Instructions.
  void instruction() {
    mine_ = {};
    mine_.text = static_cast<u32>(in_.at());
    mine_.operands = static_cast<u32>(kernel_.operands.size());
    if (in_.take('@')) {
      mine_.guarded = true;
      mine_.negated = in_.take('!');
      mine_.guard = {0, register_of(kPred)};
    }
    const std::string_view mnemonic = in_.word("_.:");
    decode(mnemonic);
    if (!in_.take(';')) fail(fmt::format("'{}' after the operands of {}", in_.peek(), mnemonic));
    kernel_.code.push_back(mine_);
    kernel_.sources.push_back(source_);
  }

  void decode(std::string_view mnemonic) {
    if (mnemonic == "mov.b32" || mnemonic == "mov.b64") {
      const bool wide = mnemonic == "mov.b64";
      const Type whole = wide ? kB64 : kB32;
      const Type half = wide ? kB32 : kB16;
      if (in_.peek() == '{') {
        mine_.op = wide ? Op::unpack_b64 : Op::unpack_b32;
        dests(half, 2);
        comma();
        source(whole);
        return;
      }
      const std::size_t at = in_.at();
      const std::size_t operands = kernel_.operands.size();
      dest(whole);
      comma();
      if (in_.peek() == '{') {
        mine_.op = wide ? Op::pack_b64 : Op::pack_b32;
        sources(half, 2);
        return;
      }
      in_.jump(at);
      kernel_.operands.resize(operands);
      mine_.dests = 0;
    }
    if (const Form* form = Forms::instance().find(mnemonic)) {
      mine_.op = form->op;
      dest(form->result);
      for (int i = 0; i < form->count; ++i) {
        comma();
        const Type wanted = form->operands[static_cast<std::size_t>(i)];
        // Integers are converted from the lower half of a wider register, too.
        if ((mnemonic == "cvt.s64.s32" || mnemonic == "cvt.u64.u32") && in_.peek() == '%') {
          Type type{};
          push(register_of(wanted, true, &type));
          ++mine_.sources;
          if (type.bits == 64) {
            mine_.op = Forms::instance().find(std::string(mnemonic) + ".of64")->op;
          }
          continue;
        }
        if (mnemonic.ends_with(".s16") || mnemonic.ends_with(".u16")) {
          if (mnemonic.starts_with("cvt.") && in_.peek() == '%') {
            Type type{};
            push(register_of(wanted, true, &type));
            ++mine_.sources;
            if (type.bits > 32) fail("a conversion from 16 bits of a 64-bit register is not known");
            continue;
          }
        }
        source(wanted);
      }
      return;
    }
    Parts parts(mnemonic);
    const std::string_view first = parts.next();
    if (first == "ld" || first == "st") return load_or_store(mnemonic, parts, first == "ld");
    if (first == "bra") return branch(mnemonic, parts);
    if (first == "ret" || first == "exit") {
      mine_.op = Op::ret;
      if (!parts.empty()) unknown(mnemonic);
      return;
    }
    if (first == "mma") return mma(mnemonic);
    if (first == "wgmma") return wgmma(mnemonic, parts);
    if (first == "ldmatrix") return ldmatrix(mnemonic, parts);
    if (first == "shfl") return shuffle(mnemonic);
    if (first == "bar" || first == "barrier") return barrier(mnemonic);
    if (first == "cp") return copy(mnemonic);
    if (first == "mbarrier") return mbarrier(mnemonic);
    other(mnemonic);
  }

  void load_or_store(std::string_view mnemonic, Parts parts, bool load) {
    mine_.op = load ? Op::ld : Op::st;
    if (parts.take("global")) {
      mine_.space = Space::global;
      mine_.read_only = load && parts.take("nc");
    } else if (parts.take("shared") || parts.take("shared::cta")) {
      mine_.space = Space::shared;
    } else if (load && parts.take("param")) {
      mine_.space = Space::param;
    }
    const int count = parts.take("v2") ? 2 : parts.take("v4") ? 4 : 1;
    const std::string_view name = parts.next();
    const auto type = type_named(name);
    const bool known =
        type && type->kind != 'p' && name != "tf32" && name != "bf16" &&
        (type->bits == 8 || type->bits == 16 || type->bits == 32 || type->bits == 64) &&
        !(type->kind == 'f' && type->bits < 32) && parts.empty();
    if (!known) unknown(mnemonic);
    mine_.bytes = static_cast<std::uint8_t>(type->bits / 8);
    mine_.count = static_cast<u16>(count);
    mine_.sign_extended = name[0] == 's';
    Type registers{};
    const auto values = [&] {
      if (count > 1) {
        list(*type, count, true, &registers);
      } else if (load) {
        push(register_of(*type, true, &registers));
      } else {
        const char c = in_.peek();
        if (c == '-' || (c >= '0' && c <= '9')) {
          registers = {std::max(type->bits, 16), 'b'};
          push(constant(immediate(*type), registers.bits));
        } else {
          push(register_of(*type, true, &registers));
        }
      }
    };
    if (load) {
      values();
      mine_.dests = static_cast<std::uint8_t>(count);
      comma();
      address();
    } else {
      // The address comes before the values in the text and after them in `operands`.
      const std::size_t before = kernel_.operands.size();
      address();
      const Operand where = kernel_.operands.back();
      kernel_.operands.resize(before);
      comma();
      values();
      kernel_.operands.push_back(where);
      mine_.sources = static_cast<std::uint8_t>(count + 1);
    }
    mine_.wide_result = registers.bits == 64;
  }

  void branch(std::string_view mnemonic, Parts parts) {
    mine_.op = Op::bra;
    parts.take("uni");
    if (!parts.empty()) unknown(mnemonic);
    Jump jump{kernel_.code.size(), mine_.text, in_.name(), {}};
    for (const Scope& scope : scopes_) jump.scopes.push_back(scope.id);
    jumps_.push_back(std::move(jump));
  }

  void mma(std::string_view mnemonic) {
    struct Known {
      std::string_view name;
      Op op;
    };
    static constexpr Known kKnown[] = {
        {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", Op::mma_f16},
        {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", Op::mma_bf16},
        {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", Op::mma_tf32},
    };
    const auto known = std::ranges::find(kKnown, mnemonic, &Known::name);
    if (known == std::end(kKnown)) unknown(mnemonic);
    mine_.op = known->op;
    dests(kF32, 4);
    comma();
    sources(kB32, 4);
    comma();
    sources(kB32, 2);
    comma();
    sources(kF32, 4);
  }

  void ldmatrix(std::string_view mnemonic, Parts parts) {
    mine_.op = Op::ldmatrix;
    const bool begins = parts.take("sync") && parts.take("aligned") && parts.take("m8n8");
    const int count = parts.take("x1") ? 1 : parts.take("x2") ? 2 : parts.take("x4") ? 4 : 0;
    mine_.transposed = parts.take("trans");
    const bool shared = parts.take("shared") || parts.take("shared::cta");
    if (!begins || count == 0 || !shared || !parts.take("b16") || !parts.empty()) unknown(mnemonic);
    mine_.count = static_cast<u16>(count);
    dests(kB32, count);
    comma();
    address();
  }

  void shuffle(std::string_view mnemonic) {
    if (mnemonic == "shfl.sync.bfly.b32") {
      mine_.op = Op::shfl_bfly;
    } else if (mnemonic == "shfl.sync.idx.b32") {
      mine_.op = Op::shfl_idx;
    } else {
      unknown(mnemonic);
    }
    dest(kB32);
    if (in_.take('|')) dest(kPred);
    comma();
    source(kB32);  // the value
    comma();
    source(kB32);  // the lane or mask
    comma();
    source(kB32);  // clamp and segments
    comma();
    source(kB32);  // lanes that take part
  }

  void barrier(std::string_view mnemonic) {
    if (mnemonic == "bar.warp.sync") {
      mine_.op = Op::bar_warp_sync;
      source(kB32);
      return;
    }
    if (mnemonic == "bar.sync" || mnemonic == "barrier.sync.aligned") {
      mine_.op = Op::bar_sync;
    } else if (mnemonic == "bar.arrive" || mnemonic == "barrier.arrive.aligned") {
      mine_.op = Op::bar_arrive;
    } else {
      unknown(mnemonic);
    }
    source(kB32);
    if (in_.take(',')) {
      source(kB32);
    } else if (mine_.op == Op::bar_arrive) {
      fail("bar.arrive needs a number of threads");
    }
  }

  void copy(std::string_view mnemonic) {
    if (mnemonic == "cp.async.commit_group") {
      mine_.op = Op::cp_async_commit;
    } else if (mnemonic == "cp.async.wait_group") {
      mine_.op = Op::cp_async_wait;
      mine_.count = groups();
    } else if (mnemonic == "cp.async.wait_all") {
      mine_.op = Op::cp_async_wait;
      mine_.count = 0;
      mine_.immediate = 1;  // what is not committed, too
    } else if (mnemonic.starts_with("cp.async.bulk.tensor.")) {
      tma(mnemonic);
    } else if (mnemonic == "cp.async.cg.shared.global.L2::128B" ||
               mnemonic == "cp.async.cg.shared.global") {
      mine_.op = Op::cp_async;
      plain_address();
      comma();
      plain_address();
      comma();
      if (integer() != 16) fail("cp.async.cg copies 16 bytes");
      push(in_.take(',') ? value(kB32) : constant(16, 32));
      ++mine_.sources;
    } else {
      unknown(mnemonic);
    }
  }
  // [register], without an offset.
  void plain_address(bool closed = true) {
    address(closed);
    if (mine_.immediate != 0) fail("an address with an offset is not known here");
  }

  void tma(std::string_view mnemonic) {
    Parts parts(mnemonic.substr(std::string_view("cp.async.bulk.tensor.").size()));
    const std::string_view rank = parts.next();
    const bool loads = parts.take("shared::cluster") || parts.take("shared::cta");
    if (rank.size() != 2 || rank[0] < '1' || rank[0] > '5' || rank[1] != 'd' || !loads ||
        !parts.take("global") || !parts.take("mbarrier::complete_tx::bytes") || !parts.empty()) {
      unknown(mnemonic);
    }
    mine_.op = Op::tma_load;
    mine_.count = static_cast<u16>(rank[0] - '0');
    plain_address();
    comma();
    plain_address(false);
    if (!wide_address_) fail("the address of a tensor map has 64 bits");
    comma();
    sources(kB32, mine_.count);
    in_.expect(']');
    comma();
    plain_address();
  }

  void mbarrier(std::string_view mnemonic) {
    if (mnemonic == "mbarrier.init.shared::cta.b64" || mnemonic == "mbarrier.init.shared.b64") {
      mine_.op = Op::mbarrier_init;
      address();
      comma();
      source(kB32);
    } else if (mnemonic == "mbarrier.arrive.shared::cta.b64" ||
               mnemonic == "mbarrier.arrive.shared.b64") {
      mine_.op = Op::mbarrier_arrive;
      sink();
      address();
    } else if (mnemonic == "mbarrier.arrive.expect_tx.shared::cta.b64" ||
               mnemonic == "mbarrier.arrive.expect_tx.shared.b64") {
      mine_.op = Op::mbarrier_arrive_expect;
      sink();
      address();
      comma();
      source(kB32);
    } else if (mnemonic == "mbarrier.try_wait.parity.shared::cta.b64" ||
               mnemonic == "mbarrier.try_wait.parity.shared.b64") {
      mine_.op = Op::mbarrier_try_wait;
      dest(kPred);
      comma();
      address();
      comma();
      source(kB32);
    } else {
      unknown(mnemonic);
    }
  }
  void sink() {
    if (in_.name() != "_") fail("only the sink is known as result");
    comma();
  }

  static std::optional<Element> element(std::string_view name) {
    if (name == "f16") return Element::f16;
    if (name == "bf16") return Element::bf16;
    if (name == "e4m3") return Element::e4m3;
    if (name == "e5m2") return Element::e5m2;
    return std::nullopt;
  }

  void wgmma(std::string_view mnemonic, Parts parts) {
    if (mnemonic == "wgmma.fence.sync.aligned") {
      mine_.op = Op::wgmma_fence;
      return;
    }
    if (mnemonic == "wgmma.commit_group.sync.aligned") {
      mine_.op = Op::wgmma_commit;
      return;
    }
    if (mnemonic == "wgmma.wait_group.sync.aligned") {
      mine_.op = Op::wgmma_wait;
      mine_.count = groups();
      return;
    }
    const bool begins = parts.take("mma_async") && parts.take("sync") && parts.take("aligned");
    const std::string_view shape = parts.next();
    int n = 0;
    const bool of_codes = shape.ends_with("k32");
    if (begins && shape.starts_with("m64n") && (of_codes || shape.ends_with("k16"))) {
      const char* const end = shape.data() + shape.size() - 3;
      if (std::from_chars(shape.data() + 4, end, n).ptr != end) n = 0;
    }
    if (n < 8 || n > 256 || n % 8 != 0 || !parts.take("f32")) unknown(mnemonic);
    const auto left = element(parts.next());
    const auto right = element(parts.next());
    if (!left || !right || !parts.empty() || is_code(*left) != of_codes ||
        is_code(*right) != of_codes || (!of_codes && *left != *right)) {
      unknown(mnemonic);
    }
    mine_.left = *left;
    mine_.right = *right;
    mine_.op = Op::wgmma;
    mine_.count = static_cast<u16>(n / 2);
    const std::size_t first = kernel_.operands.size();
    list(kF32, n / 2);
    const std::vector<Operand> accumulators(kernel_.operands.begin() + static_cast<long>(first),
                                            kernel_.operands.end());
    kernel_.operands.resize(first);
    comma();
    mine_.in_registers = in_.peek() == '{';
    if (mine_.in_registers) {
      sources(kB32, 4);
    } else {
      source(kB64);
    }
    comma();
    source(kB64);
    comma();
    // scale-d, the signs of A and B, then which matrices lie transposed; codes are all K-major.
    source(kPred);
    for (int i = 0; i < 2; ++i) {
      comma();
      if (integer() != 1) fail("only products without a change of sign are known");
    }
    if (!of_codes) {
      if (!mine_.in_registers) {
        comma();
        if (integer() != 0) fail("only an A that is K-major is known");
      }
      comma();
      mine_.transposed = integer() != 0;
    }
    kernel_.operands.insert(kernel_.operands.end(), accumulators.begin(), accumulators.end());
  }

  void other(std::string_view mnemonic) {
    if (mnemonic == "membar.gl" || mnemonic == "fence.acq_rel.gpu" || mnemonic == "fence.sc.gpu") {
      mine_.op = Op::membar_gl;
    } else if (mnemonic == "atom.global.add.u32") {
      mine_.op = Op::atom_add;
      mine_.space = Space::global;
      mine_.bytes = 4;
      mine_.count = 1;
      dest(kB32);
      comma();
      address();
      comma();
      source(kB32);
    } else if (mnemonic == "fence.mbarrier_init.release.cluster") {
      mine_.op = Op::fence_mbarrier_init;
    } else if (mnemonic == "fence.proxy.async.shared::cta" || mnemonic == "fence.proxy.async") {
      mine_.op = Op::fence_proxy_async;
    } else if (mnemonic == "setmaxnreg.inc.sync.aligned.u32" ||
               mnemonic == "setmaxnreg.dec.sync.aligned.u32") {
      mine_.op = mnemonic.find("inc") != mnemonic.npos ? Op::setmaxnreg_inc : Op::setmaxnreg_dec;
      mine_.count = static_cast<u16>(integer());
    } else {
      unknown(mnemonic);
    }
  }

  u32 find_label(const Jump& jump) const {
    for (auto scope = jump.scopes.rbegin(); scope != jump.scopes.rend(); ++scope) {
      const auto it = labels_.find({*scope, jump.label});
      if (it != labels_.end()) return it->second;
    }
    in_.fail_at(jump.at, fmt::format("unknown label {}", jump.label));
  }

  // Registers lie in the order of their first use, constants behind them; 64-bit ones at even
  // cache lines' beginnings, as all are multiples of 32 words; predicates are packed at the end.
  void lay_out() {
    const std::size_t count = kernel_.bits.size();
    std::vector<u32> slots(count);
    u32 words = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (kernel_.bits[i] == 1) continue;
      slots[i] = words;
      words += kernel_.bits[i] == 64 ? 2 * kWarp : kWarp;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (kernel_.bits[i] == 1) slots[i] = words++;
    }
    kernel_.registers = static_cast<u32>(count);
    kernel_.words = words;
    for (Operand& o : kernel_.operands) o.slot = slots[o.state];
    for (Instruction& i : kernel_.code) {
      if (i.guarded) i.guard.slot = slots[i.guard.state];
    }
    for (auto& c : kernel_.constants) c.at.slot = slots[c.at.state];
    for (auto& s : kernel_.specials) s.at.slot = slots[s.at.state];
  }

  Lexer in_;
  Kernel kernel_;
  Instruction mine_;
  bool wide_address_ = false;  // of the last one
  std::span<const SharedArray> shared_;
  Source source_;
  std::map<std::string_view, u64> symbols_;
  std::vector<Scope> scopes_;
  int next_scope_ = 0;
  u32 next_declaration_ = 0;
  std::map<std::pair<int, std::string_view>, u32> labels_;
  std::vector<Jump> jumps_;
  std::unordered_map<u64, u32> numbers_;
  u32 new_number_ = 0;
  std::map<std::pair<int, u64>, u32> constants_;
  std::map<Special, u32> specials_;
};

}  // namespace

SharedArray parse_shared(Lexer& in) {
  SharedArray array;
  in.expect('.');
  std::string_view word = in.word();
  if (word == "align") {
    array.alignment = static_cast<std::size_t>(in.integer());
    in.expect('.');
    word = in.word();
  }
  const auto type = type_named(word);
  if (!type || !is_element(*type) || !is_alignment(array.alignment)) {
    in.fail("an array of shared memory of an unknown type or alignment");
  }
  array.bytes = static_cast<std::size_t>(type->bits) / 8;
  array.alignment = std::max(array.alignment, array.bytes);
  array.name = in.name();
  while (in.take('[')) {
    const s64 count = in.peek() == ']' ? 0 : in.integer();
    if (count < 0 || count > s64{kMostSharedBytes}) in.fail("shared memory of an impossible size");
    array.bytes *= static_cast<std::size_t>(count);
    if (array.bytes > kMostSharedBytes) in.fail("more shared memory than a block can have");
    in.expect(']');
  }
  in.expect(';');
  return array;
}

Kernel parse_entry(std::shared_ptr<const std::string> text, std::size_t begin, std::size_t end,
                   std::span<const SharedArray> shared, std::shared_ptr<const Files> files) {
  return Parser(std::move(text), begin, end, shared, std::move(files)).parse();
}

}  // namespace moat::ptx
