// SPDX-License-Identifier: Apache-2.0
// A library's numbers for types of elements.
#pragma once

#include <cstdint>
#include <optional>

#include "problems/dtype.hpp"

namespace moat {

struct TypeCodes {
  std::int32_t f32;
  std::int32_t f16;
  std::int32_t bf16;

  // Empty for a type that the library is not asked for.
  constexpr std::optional<std::int32_t> of(DType t) const {
    if (t == DType::f32) return f32;
    if (t == DType::f16) return f16;
    if (t == DType::bf16) return bf16;
    return std::nullopt;
  }
};

}  // namespace moat
