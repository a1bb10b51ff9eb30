// What the operating system tells of the processor and its memory.
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

// Model name, else the implementer and part of an Arm processor.
std::string processor_name(const std::string& cpuinfo);

// Bytes of the last-level cache; 0 if unknown.
std::size_t last_level_cache_bytes();

std::size_t memory_bytes();

// What can be allocated now without swapping, within the container's limit.
std::size_t available_memory_bytes();

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

// Threads to compute with: those of OMP_NUM_THREADS, else one per physical core that this process
// may run on, within the container's CPU quota.
int default_threads();

}  // namespace moat::cpu
