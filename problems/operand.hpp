// SPDX-License-Identifier: Apache-2.0
// What a problem reads and writes: its operands, as they lie in memory.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "problems/codes.hpp"
#include "problems/dtype.hpp"

namespace moat {

enum class Role : std::uint8_t { input, output };

// Rows lie in blocks of `rows`, as those of a cache of keys and values that grows do (W. Kwon et
// al., "Efficient Memory Management for Large Language Model Serving with PagedAttention", SOSP
// 2023). The memory holds `held` of them; which ones are in use, an operand of indices tells.
struct Pages {
  std::int64_t rows = 1;
  std::int64_t held = 1;
};

// `groups` matrices of rows × cols elements, `leading` elements from row to row. What the problem
// says of its operand, without the pointer. What scales codes is an operand of its own.
struct Operand {
  std::string_view name;
  Role role = Role::input;
  DType type = DType::f32;
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  std::int64_t leading = 0;  // 0: dense
  std::int64_t groups = 1;   // one behind the other, or of a common sum of rows if `ragged`
  bool ragged = false;       // `rows` of all groups together; 64-bit bounds of each stand beside it
  std::int64_t used = 0;     // rows of all groups together that are read or written; 0: all. Which
                             // ones, another operand says
  bool positions = false;    // holds 64-bit integers instead of `type`
  bool indices = false;      // holds 32-bit integers instead of `type`
  std::optional<Code> code{};  // holds units of it instead, which rows and columns count then
  std::optional<Pages> pages{};
};

// P or const P, for functions that take both.
template <class Q, class P>
concept Is = std::same_as<std::remove_const_t<Q>, P>;

// Bytes of an element.
constexpr std::size_t element_bytes(const Operand& o) {
  if (o.code) return 1;
  if (o.indices) return sizeof(std::int32_t);
  return o.positions ? sizeof(std::int64_t) : size_of(o.type);
}

// Elements of the operand that are used, and all with the gaps between its rows and all pages of
// its memory. In float64, because products of shapes overflow 64 bits long before memory does.
constexpr double elements(const Operand& o) {
  const double matrices = o.ragged ? 1.0 : static_cast<double>(o.groups);
  const double rows =
      o.used > 0 ? static_cast<double>(o.used) : matrices * static_cast<double>(o.rows);
  return rows * static_cast<double>(o.cols);
}
constexpr double extent(const Operand& o) {
  const double matrices = o.ragged ? 1.0 : static_cast<double>(o.groups);
  const double rows = o.pages
                          ? static_cast<double>(o.pages->held) * static_cast<double>(o.pages->rows)
                          : matrices * static_cast<double>(o.rows);
  if (o.leading == 0) return rows * static_cast<double>(o.cols);
  return (rows - 1) * static_cast<double>(o.leading) + static_cast<double>(o.cols);
}

// Bytes that stand beside the elements: the bounds of ragged groups.
constexpr double bytes_beside(const Operand& o) {
  return o.ragged ? 8.0 * (static_cast<double>(o.groups) + 1) : 0;
}

// Bytes that move when each element is read or written once, and bytes of memory.
constexpr double bytes_moved(const Operand& o) {
  return elements(o) * static_cast<double>(element_bytes(o)) + bytes_beside(o);
}
constexpr double bytes_held(const Operand& o) {
  return extent(o) * static_cast<double>(element_bytes(o)) + bytes_beside(o);
}

}  // namespace moat
