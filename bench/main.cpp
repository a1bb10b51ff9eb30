// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include "bench/command.hpp"

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Copies of outputs come and go by the thousand. Their pages stay with the process: the system
  // clears those that it gives, which takes longer than to compare them.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  return moat::command(argc, argv);
}
