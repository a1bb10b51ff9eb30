// accepted
// cuda, #if 1, if constexpr, a lane, /* and */ requires { S::kWarps; }
#pragma once

#include <cstdint>

#include "backends/vocabulary/block.hpp"

/* asm
#if 0 */
namespace moat {
inline const char* kText = "typeid __CUDA_ARCH__ \" lane";
}  // namespace moat
