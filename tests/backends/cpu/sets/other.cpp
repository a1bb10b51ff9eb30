// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/cpu/sets/shared.hpp"

namespace moat::testing {

int bytes_of_other_file();
int bytes_of_other_file() { return vector_bytes(); }

const int* place_in_other_file();
const int* place_in_other_file() { return &once<int>; }

}  // namespace moat::testing
