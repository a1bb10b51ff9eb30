// SPDX-License-Identifier: Apache-2.0
// What the harness is told of a kernel, and how the shape of a case is read and written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "problems/codes.hpp"
#include "problems/dtype.hpp"

namespace moat {

// How much a kernel computes for what it moves.
enum class Work : std::uint8_t {
  products,  // of matrices: its rate is told in FLOP/s
  vectors,   // products with one row or column, as decode's: told in bytes/s, arithmetic may bind
  elements,  // a few operations for each: told in bytes/s, memory binds
};

// A kernel that cases name, `kernel`/dtype/shape or `kernel`/dtypexcode/shape.
struct Description {
  std::string_view kernel;
  std::string_view text;     // one line
  std::string_view example;  // a case
  std::span<const DType> types = kDTypes;
  std::span<const Code> codes{};  // of a further input, if it is stored in one
};

// Visits the keys of a shape in the order in which a case name has them. One function of a problem
// both writes a name and reads it.
class ShapeKeys {
 public:
  virtual ~ShapeKeys() = default;
  // The key, and a whole number from 1 to kMaxDimension, or to kMaxLength.
  virtual void dimension(std::string_view key, int& value) = 0;
  virtual void length(std::string_view key, std::int64_t& value) = 0;
  // A dimension that is left out if it is 0.
  virtual void optional_dimension(std::string_view key, std::int64_t& value) = 0;
  // A word that stands there if the value is true.
  virtual void flag(std::string_view word, bool& value) = 0;
  // The type of a further input, if it is not that of the others: it stands beside theirs,
  // f16xbf16.
  virtual void other_type(std::optional<DType>& value) = 0;
  // What a further input is stored in, which stands beside the type of the others: bf16xint4.
  virtual void code(Code& value) = 0;
  // The same of an input that is of the others' type if nothing stands there.
  virtual void optional_code(std::optional<Code>& value) = 0;
  // A positive number that is left out if it is `usual`.
  virtual void optional_real(std::string_view key, float& value, float usual) = 0;
  // The type of the result, if it is not that of the inputs: key and type, cf32.
  virtual void optional_type(std::string_view key, std::optional<DType>& value) = 0;

 protected:
  ShapeKeys() = default;
  ShapeKeys(const ShapeKeys&) = default;
  ShapeKeys& operator=(const ShapeKeys&) = default;
};

// Largest size in a dimension, and largest length of a vector (2³⁶ floats are 256 GiB).
inline constexpr std::int64_t kMaxDimension = std::int64_t{1} << 30;
inline constexpr std::int64_t kMaxLength = std::int64_t{1} << 36;

}  // namespace moat
