// SPDX-License-Identifier: Apache-2.0
// How many threads a run has, and whether it can have them.
#pragma once

namespace moat {

// The most that may be asked for.
inline constexpr int kMostThreads = 4096;

// Makes OpenMP ready for the run and returns the number of threads of the CPU backend: `asked`, or
// if that is 0 what OMP_NUM_THREADS says, lowered with a note to what OMP_THREAD_LIMIT and the
// processors allow, or else the backend's default. With fewer threads than cores the process keeps
// to some cores from then on. To be called before the first parallel region.
// Throws UsageError if `asked` is more than allowed or OMP_NUM_THREADS no number of threads, and
// DeviceError if the system does not let the process start so many.
int claim_threads(int asked);

}  // namespace moat
