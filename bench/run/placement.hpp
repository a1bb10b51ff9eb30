// SPDX-License-Identifier: Apache-2.0
// Which processor each OpenMP thread runs on.
#pragma once

#include <string>
#include <vector>

namespace moat {

// A thread for each core, on its own core. Left to the system, two of them share one for as long as
// anything else runs on the other, because the balance of the load sees two busy processors either
// way. The one that has finished its part then spins in the barrier, for up to 15 ms (libgomp:
// 300,000 rounds), on the processor that the other one waits for, and only the timer's tick takes
// it away: a region of 0.1 ms takes two ticks, which is 8 ms at 250 Hz, each time. Fewer rounds do
// not help much: threads that sleep are woken on the same processor.
//
// The runtimes read where to place threads before main(): this sets OMP_PLACES and OMP_PROC_BIND
// for `threads` threads (0: one per core) of the processors that this process may use. False, and
// nothing is set, where the user's environment places threads, where there are fewer cores than
// threads or only one, and with 0 where a quota or OMP_NUM_THREADS allows fewer threads than cores.
bool set_placement(int threads);

// set_placement, then starts this program again with the same arguments. Returns if there is
// nothing to set or the system does not let it.
void start_again_placed(int threads, const std::vector<std::string>& arguments);

}  // namespace moat
