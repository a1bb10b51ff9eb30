// SPDX-License-Identifier: Apache-2.0
// A library with BLIS's functions, whose answers the test chooses when it compiles it.
#include <cstdint>

extern "C" {

std::int64_t bli_info_get_blas_int_type_size() { return STANDIN_BITS; }
std::int64_t bli_info_get_enable_openmp() { return STANDIN_OPENMP; }
const char* bli_info_get_version_str() { return "9.8"; }
int bli_arch_query_id() { return 3; }
const char* bli_arch_string(int id) { return id == 3 ? STANDIN_KERNELS : "another"; }
void bli_thread_set_num_threads(std::int64_t) {}
void cblas_sgemm(int, int, int, int, int, int, float, const float*, int, const float*, int, float,
                 float*, int) {}

}  // extern "C"
