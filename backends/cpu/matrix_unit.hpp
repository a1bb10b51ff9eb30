// SPDX-License-Identifier: Apache-2.0
// The instructions for products of matrices that a set has, if any: what of them is used is a
// MatrixUnit, which modes/tiles.hpp puts to use.
#pragma once

#include "backends/cpu/amx/multiply.hpp"
#include "backends/cpu/bfmmla/multiply.hpp"

#if MOAT_CPU_TILES || MOAT_CPU_BFMMLA
#define MOAT_CPU_MATRIX_UNIT 1
#else
#define MOAT_CPU_MATRIX_UNIT 0
#endif
