// SPDX-License-Identifier: Apache-2.0
// OpenBLAS's sgemm, loaded at run time with a kernel set that fits the CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/baselines/baselines.hpp"

namespace moat {

// Vector extensions that OpenBLAS has kernels for, in rising order.
enum class VectorLevel : std::uint8_t { sse, avx, avx2, avx512 };

// What this CPU and its operating system support.
VectorLevel cpu_vector_level();

// The core type to ask for (OPENBLAS_CORETYPE) when OpenBLAS chose `core` by itself or by the
// user's setting on a CPU of this level: empty if its kernels use the CPU's vectors already, or if
// the name is unknown, which newer releases' names are.
std::optional<std::string> better_core(const std::string& core, VectorLevel cpu);

// The level that a core has to have: the CPU's; if the user asked for a core, no more than that of
// `build`, the instruction set that our kernels are compiled for ("avx2", …), so that a build for
// less than the CPU can be compared with kernels for the same.
VectorLevel required_level(VectorLevel cpu, const std::string& build, bool asked);

// Adds the baseline, or why it is absent. `build` as above.
void open_openblas(int threads, const std::string& build, Baselines& baselines);

}  // namespace moat
