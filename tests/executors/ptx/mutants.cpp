// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/ptx/mutants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace moat::ptx {
namespace {

// A statement, and what may stand in its place.
struct Change {
  const char* what;
  bool orders;
  std::string text;
};

// The statement between two others in a block of its own, with a register that differs from
// operand `name` and stands where that stood from `at` on.
std::string with_other(std::string_view statement, std::string_view name, std::size_t at,
                       std::string_view type, std::string_view change) {
  std::string changed(statement);
  changed.replace(at, name.size(), "%other");
  return fmt::format("{{.reg .{0} %other; {1} %other, {2}, {3}; {4}}}", type,
                     change.substr(0, change.find(' ')), name, change.substr(change.find(' ') + 1),
                     changed);
}

// The `index`th register in the operands, where it begins.
std::optional<std::pair<std::string_view, std::size_t>> register_at(std::string_view statement,
                                                                    std::size_t from, int index) {
  for (std::size_t at = statement.find('%', from); at != statement.npos;
       at = statement.find('%', at + 1)) {
    if (index-- > 0) continue;
    std::size_t end = at + 1;
    while (end < statement.size() && (std::isalnum(static_cast<unsigned char>(statement[end])))) {
      ++end;
    }
    return std::pair{statement.substr(at, end - at), at};
  }
  return std::nullopt;
}

// [x] or [x+k] with `by` bytes more.
std::optional<std::string> shifted(std::string_view statement, int by) {
  const std::size_t open = statement.find('[');
  const std::size_t close = statement.find(']', open);
  if (open == statement.npos || close == statement.npos) return std::nullopt;
  const std::string_view inside = statement.substr(open + 1, close - open - 1);
  const std::size_t plus = inside.find('+');
  int offset = 0;
  if (plus != inside.npos) {
    std::from_chars(inside.data() + plus + 1, inside.data() + inside.size(), offset);
  }
  return fmt::format("{}[{}+{}]{}", statement.substr(0, open), inside.substr(0, plus), offset + by,
                     statement.substr(close + 1));
}

std::string with_number(std::string_view statement, int number) {
  const std::size_t at = statement.rfind(' ');
  return fmt::format("{} {};", statement.substr(0, at), number);
}

std::vector<Change> changes(const Kernel& kernel, std::size_t pc, std::string_view s) {
  std::vector<Change> all;
  const Instruction& i = kernel.code[pc];
  const auto remove = [&] { all.push_back({"removed", true, ""}); };
  const auto shift = [&](int by) {
    if (auto text = shifted(s, by)) all.push_back({"address shifted", false, *std::move(text)});
  };
  // The index counts registers from the operands on.
  const std::size_t operands = std::min(s.find(' '), s.size());
  const auto other = [&](const char* what, bool orders, int index, const char* type,
                         const char* change) {
    if (const auto r = register_at(s, operands, index)) {
      all.push_back({what, orders, with_other(s, r->first, r->second, type, change)});
    }
  };
  switch (i.op) {
    case Op::bra:
      if (!i.guarded) break;
      if (pc > 0 && kernel.code[pc - 1].op == Op::mbarrier_try_wait) {
        all.push_back({"wait not repeated", true, ""});
      }
      all.push_back({"predicate negated", false,
                     i.negated ? std::string("@") + std::string(s.substr(2))
                               : std::string("@!") + std::string(s.substr(1))});
      break;
    case Op::bar_sync:
    case Op::bar_arrive:
    case Op::membar_gl:
    case Op::cp_async_commit:
    case Op::mbarrier_init:
    case Op::mbarrier_arrive:
    case Op::fence_mbarrier_init:
    case Op::fence_proxy_async:
    case Op::wgmma_fence:
    case Op::wgmma_commit:
    case Op::setmaxnreg_inc:
    case Op::setmaxnreg_dec:
      remove();
      break;
    case Op::cp_async_wait:
    case Op::wgmma_wait:
      remove();
      all.push_back({"one group less waited for", true, with_number(s, i.count + 1)});
      break;
    case Op::mbarrier_arrive_expect:
      remove();
      other("16 bytes more expected", true, 1, "b32", "add.s32 16");
      break;
    case Op::mbarrier_try_wait: {
      const std::size_t comma = s.rfind(',');
      if (const auto r = register_at(s, comma, 0)) {
        all.push_back(
            {"phase flipped", true, with_other(s, r->first, r->second, "b32", "xor.b32 1")});
      }
      break;
    }
    case Op::ld:
    case Op::st:
      if (i.space != Space::param) shift(i.bytes * i.count);
      break;
    case Op::ldmatrix:
      shift(16);
      break;
    case Op::cp_async:
      other("address shifted", false, 0, "b32", "add.s32 16");
      other("source shifted", false, 1, "b64", "add.s64 16");
      break;
    case Op::tma_load:
      other("address shifted", false, 0, "b32", "add.s32 1024");
      other("coordinate shifted", false, 2, "b32", "add.s32 8");
      other("coordinate shifted", false, 3, "b32", "add.s32 1");
      break;
    case Op::shfl_bfly:
      if (const std::size_t comma = s.find(','); comma != s.npos) {
        if (const auto r = register_at(s, comma, 1)) {
          all.push_back(
              {"lane mask changed", false, with_other(s, r->first, r->second, "b32", "xor.b32 3")});
        }
      }
      break;
    case Op::wgmma: {
      // Descriptors follow the accumulators, and A's registers.
      const std::size_t after = s.find('}') + 1;
      const std::size_t from = i.in_registers ? s.find('}', after) + 1 : after;
      const int descriptors = i.in_registers ? 1 : 2;
      for (int d = 0; d < descriptors; ++d) {
        const auto r = register_at(s, from, d);
        if (!r) continue;
        static constexpr std::pair<const char*, int> kBits[] = {
            {"descriptor: start", 3},    {"descriptor: leading offset", 16},
            {"descriptor: stride", 34},  {"descriptor: base offset", 49},
            {"descriptor: swizzle", 62}, {"descriptor: swizzle's other bit", 63}};
        for (const auto& [what, bit] : kBits) {
          all.push_back({what, false,
                         with_other(s, r->first, r->second, "b64",
                                    fmt::format("xor.b64 {:#x}", u64{1} << bit))});
        }
      }
      if (is_code(i.left)) {
        // scale-d, before the signs of A and B.
        const std::size_t end = s.rfind(',', s.rfind(',') - 1);
        const std::size_t begin = s.find_first_not_of(' ', s.rfind(',', end - 1) + 1);
        const std::string_view scale = s.substr(begin, end - begin);
        if (!std::isdigit(static_cast<unsigned char>(scale[0]))) {
          all.push_back(
              {"sums dropped, or kept", false, with_other(s, scale, begin, "pred", "xor.pred 1")});
        }
        break;
      }
      const std::size_t last = s.rfind(' ');
      all.push_back(
          {"B transposed", false, fmt::format("{} {};", s.substr(0, last), i.transposed ? 0 : 1)});
      if (const std::size_t scale = s.find(", 1,", from); scale != s.npos) {
        std::string text(s);
        text[scale + 2] = '0';
        all.push_back({"sums dropped", false, std::move(text)});
      }
      break;
    }
    default:
      break;
  }
  return all;
}

}  // namespace

std::vector<Mutant> mutants(const Kernel& kernel, std::string_view entry,
                            std::span<const u32> visits, std::size_t most) {
  const std::size_t begin = static_cast<std::size_t>(entry.data() - kernel.text->data());
  struct Site {
    std::size_t pc;
    Change change;
  };
  std::map<std::pair<std::string, Op>, std::vector<Site>> kinds;
  for (std::size_t pc = 0; pc + 1 < kernel.code.size() && pc < visits.size(); ++pc) {
    if (visits[pc] == 0) continue;
    const std::size_t at = kernel.code[pc].text - begin;
    const std::string_view statement = entry.substr(at, entry.find(';', at) + 1 - at);
    for (Change& c : changes(kernel, pc, statement)) {
      kinds[{c.what, kernel.code[pc].op}].push_back({pc, std::move(c)});
    }
  }
  std::vector<Mutant> all;
  for (const auto& [kind, sites] : kinds) {
    const std::size_t taken = std::min(most, sites.size());
    for (std::size_t k = 0; k < taken; ++k) {
      const Site& site = sites[k * sites.size() / taken];
      const std::size_t at = kernel.code[site.pc].text - begin;
      const std::size_t end = entry.find(';', at) + 1;
      all.push_back({.what = site.change.what,
                     .at = kernel.describe(static_cast<u32>(site.pc)),
                     .orders = site.change.orders,
                     .text = fmt::format("{}{}{}", entry.substr(0, at), site.change.text,
                                         entry.substr(end))});
    }
  }
  return all;
}

}  // namespace moat::ptx
