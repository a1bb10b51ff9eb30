// SPDX-License-Identifier: Apache-2.0
// Tests that execute matrix instructions.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/executors/amx/interpreter.hpp"
#include "tests/executors/amx/tiles.hpp"

namespace moat::amx {

// The instructions of these tests are interpreted on every machine that lacks them; one that has
// them says whether the interpreter does as it does.
class Interpreted : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!has_matrix_unit()) interpret();
  }
  void TearDown() override { asm volatile("tilerelease"); }
};

// Tiles 0, 1 and 2 of a product: c (m × n words) += a (m × k) · b (k × n).
inline Configuration configuration(int m, int n, int k) {
  Configuration c = {};
  c.palette = 1;
  const int rows[] = {m, m, k};
  const int words[] = {n, k, n};
  for (int i = 0; i < 3; ++i) {
    c.rows[i] = static_cast<std::uint8_t>(rows[i]);
    c.row_bytes[i] = static_cast<std::uint16_t>(4 * words[i]);
  }
  return c;
}

}  // namespace moat::amx
