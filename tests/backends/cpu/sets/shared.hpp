// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace moat::testing {

// Bytes of a vector of the compiler's options.
#ifdef __AVX512F__
inline constexpr int kVectorBytes = 64;
#else
inline constexpr int kVectorBytes = 32;
#endif

[[gnu::noinline]] inline int vector_bytes() { return kVectorBytes; }

// Of which a program would have one, however many files have it.
template <class T>
inline T once = kVectorBytes;

}  // namespace moat::testing
