// SPDX-License-Identifier: Apache-2.0
// The instruction sets that this build has code for, and which of them runs. MOAT_CPU of the build
// names them; what is compiled for each is reached through a table of its functions.
#pragma once

#include <string>
#include <vector>

namespace moat::cpu {

// Plain data, safe to read on any processor.
struct InstructionSet {
  const char* name;             // as MOAT_CPU names it: avx2, …, native
  const char* architecture;     // of what the compiler was told: amx, …, sse4, sve256, …, neon
  const char* const* features;  // as /proc/cpuinfo spells them; ends with nullptr
};

// Of this build, from the least to the most.
const std::vector<const InstructionSet*>& instruction_sets();

// Features of the set that a text as features_here() gives it does not list. None if the text lists
// nothing.
std::vector<std::string> missing_features(const InstructionSet& set, const std::string& features);

// Why the set's registers are not to be used: the system does not let this process, or has vectors
// of another length for it. Empty if they are, or if nothing need be asked.
std::string refusal(const InstructionSet& set);

// The set whose code runs: the one of choose_set(), else the last that this processor and its
// system let run, else the first.
const InstructionSet& chosen_set();
int chosen_index();

// Chooses a set by its name or its architecture, for the whole process; devices that are open keep
// theirs. Throws std::invalid_argument with the reason, "this processor lacks …", if this
// build or processor does not have it, or with that of refusal().
void choose_set(const std::string& name);

// Pointers to a table of functions for each set, in the order of instruction_sets(), and nullptr.
template <class Table>
struct Tables {
  static const Table* const of[];
};

// The table of the chosen set.
template <class Table>
const Table& chosen() {
  return *Tables<Table>::of[chosen_index()];
}

}  // namespace moat::cpu

// In a file that moat_cpu_code() of cmake/MoatCpu.cmake compiles for each set: the name under which
// its Table is found.
#define MOAT_CPU_JOINED(name, set) name##_##set
#define MOAT_CPU_NAME(name, set) MOAT_CPU_JOINED(name, set)
#define MOAT_CPU_TABLE(Table, name)                           \
  extern "C" {                                                \
  extern const moat::Table MOAT_CPU_NAME(name, MOAT_CPU_SET); \
  }                                                           \
  constinit const moat::Table MOAT_CPU_NAME(name, MOAT_CPU_SET)
