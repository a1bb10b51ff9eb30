// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/cpu/sets/width.hpp"

#include "tests/backends/cpu/sets/shared.hpp"

namespace moat::testing {

int bytes_of_other_file();
const int* place_in_other_file();

}  // namespace moat::testing

MOAT_CPU_TABLE(testing::Width, moat_test_sets) = {
    .bytes = moat::testing::vector_bytes,
    .bytes_elsewhere = moat::testing::bytes_of_other_file,
    .where = moat::testing::place_in_other_file,
};
