// SPDX-License-Identifier: Apache-2.0
// What the operating system tells of the processor and its memory. Read from /sys and /proc, not
// through hwloc: wanted are one processor of each core that this process may run on, the clocks of
// those and the size of the largest cache, a few lines of text, and hwloc would be one more library
// that every build and the archive of scripts/bundle.sh need.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace moat::cpu {

// Text of a file, empty if it cannot be read.
std::string read_text(const std::string& path);

// Value of the first "key : value" line of /proc/cpuinfo-like text, empty if there is none.
std::string cpuinfo_value(const std::string& text, const std::string& key);

// A text as /proc/cpuinfo, which has the names of this processor's features: on arm64 a line
// "Features" of those that sets of sets.hpp need, else that file, empty where there is none.
std::string features_here();

// Model name, else the implementer and part of an Arm processor.
std::string processor_name(const std::string& cpuinfo);

// Bytes of the last-level cache; 0 if unknown.
std::size_t last_level_cache_bytes();

std::size_t memory_bytes();

// The most that this process may have of it: within the limits of its control groups (the
// container's) and of the process itself (ulimit -v, -d). `root` stands before every path read.
std::size_t usable_memory_bytes(const std::string& root = "");

// What can be allocated now without swapping, within the same limits.
std::size_t available_memory_bytes(const std::string& root = "");

// Whether memory is nearer to some processors than to others, as far as the system tells.
bool has_numa_nodes(const std::string& root = "");

std::optional<int> max_clock_mhz();

// Whether the environment says where OpenMP's threads run: OMP_PLACES, OMP_PROC_BIND,
// GOMP_CPU_AFFINITY or KMP_AFFINITY.
bool user_places_threads();

// One processor of each physical core that this process and the threads that OpenMP places may run
// on, those of the highest clock first; empty if the system does not tell.
std::vector<int> processors_of_cores();

// The processors that this process may run on.
std::vector<int> allowed_processors();

// The processors to keep `threads` threads on, where this process has more cores than that: the
// first ones of processors_of_cores(). Empty otherwise, or if user_places_threads().
std::vector<int> fixed_processors(int threads);

// Keeps this thread, and those that it starts from now on, on these processors. False if
// the system refuses.
bool keep_on(const std::vector<int>& processors);

// Threads to compute with, no more than OMP_THREAD_LIMIT and the processors allow: those of
// OMP_NUM_THREADS or omp_set_num_threads, else one per physical core that this process may run on,
// and of a control group's quota of CPU time as many as are whole.
int default_threads(const std::string& root = "");

}  // namespace moat::cpu
