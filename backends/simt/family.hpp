// SPDX-License-Identifier: Apache-2.0
// Which family's kernels an architecture runs.
#pragma once

#include <cstddef>
#include <string_view>

namespace moat::simt {

// Architectures that begin with the prefix run the family's kernels.
struct Serving {
  std::string_view prefix;
  std::string_view family;
};

// The first that serves the architecture; empty if none does.
template <std::size_t kCount>
constexpr std::string_view family_of(const Serving (&serving)[kCount],
                                     std::string_view architecture) {
  for (const Serving& s : serving) {
    if (architecture.starts_with(s.prefix)) return s.family;
  }
  return {};
}

}  // namespace moat::simt
