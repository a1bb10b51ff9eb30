// SPDX-License-Identifier: Apache-2.0
// Whether a function may be called through a pointer of another type, as machine code sees it.
#pragma once

#include <type_traits>

namespace moat {

// Pointers, floating-point numbers of one size, or integers and enumerations of one size.
template <class Ours, class Theirs>
constexpr bool same_argument() {
  if constexpr (std::is_pointer_v<Ours> || std::is_pointer_v<Theirs>) {
    return std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>;
  } else {
    return sizeof(Ours) == sizeof(Theirs) &&
           std::is_floating_point_v<Ours> == std::is_floating_point_v<Theirs>;
  }
}

template <class... T>
struct Arguments {};

template <class Ours, class Theirs>
struct SameArguments : std::false_type {};

template <class... Ours, class... Theirs>
requires(sizeof...(Ours) ==
         sizeof...(Theirs)) struct SameArguments<Arguments<Ours...>, Arguments<Theirs...>>
    : std::bool_constant<(same_argument<Ours, Theirs>() && ...)> {
};

template <class R, class... A, class S, class... B>
constexpr bool same_call(R (*)(A...), S (*)(B...)) {
  return same_argument<R, S>() && SameArguments<Arguments<A...>, Arguments<B...>>::value;
}

}  // namespace moat
