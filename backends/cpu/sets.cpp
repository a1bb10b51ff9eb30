// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/sets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

#include "backends/cpu/processor.hpp"
#include "backends/cpu/tile_permission.hpp"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/prctl.h>
#endif

namespace moat::cpu {
namespace {

constexpr int kUndecided = -1;
std::atomic<int> choice = kUndecided;

int best_of_this_processor() {
  const auto features = features_here();
  // Where nothing is known of the processor, what all have.
  if (features.empty()) return 0;
  const auto& sets = instruction_sets();
  for (auto i = static_cast<int>(sets.size()) - 1; i > 0; --i) {
    if (missing_features(*sets[i], features).empty() && refusal(*sets[i]).empty()) return i;
  }
  return 0;
}

// Length of the vectors of SVE that the system gives this thread, and those that it starts (Linux,
// Documentation/arch/arm64/sve.rst); 0 where there are none.
int vector_bits() {
#if defined(__aarch64__) && defined(__linux__) && defined(PR_SVE_GET_VL)
  const int state = prctl(PR_SVE_GET_VL);
  if (state >= 0) return (state & PR_SVE_VL_LEN_MASK) * 8;
#endif
  return 0;
}

std::string spelled(const InstructionSet& set) {
  const std::string name = set.name;
  return name == set.architecture ? name : fmt::format("{} ({})", name, set.architecture);
}

}  // namespace

const std::vector<const InstructionSet*>& instruction_sets() {
  static const std::vector<const InstructionSet*> all = [] {
    std::vector<const InstructionSet*> sets;
    for (const auto* set = Tables<InstructionSet>::of; *set != nullptr; ++set) sets.push_back(*set);
    return sets;
  }();
  return all;
}

std::vector<std::string> missing_features(const InstructionSet& set, const std::string& features) {
  auto listed = cpuinfo_value(features, "flags");
  if (listed.empty()) listed = cpuinfo_value(features, "Features");
  std::vector<std::string> missing;
  if (listed.empty()) return missing;  // nothing can be said
  std::istringstream words(listed);
  std::unordered_set<std::string> here;
  for (std::string word; words >> word;) here.insert(word);
  for (const char* const* f = set.features; *f != nullptr; ++f) {
    if (!here.contains(*f)) missing.emplace_back(*f);
  }
  return missing;
}

std::string refusal(const InstructionSet& set) {
  const std::string_view architecture = set.architecture;
  if (architecture == "amx" && !tile_refusal().empty()) {
    return "its kernels use matrix units, but " + tile_refusal();
  }
  if (architecture == "sve256") {
    constexpr int kWanted = 256;
    if (const int bits = vector_bits(); bits != kWanted) {
      return fmt::format("its kernels use vectors of {} bits, but this process has those of {}",
                         kWanted, bits);
    }
  }
  return {};
}

int chosen_index() {
  int index = choice.load(std::memory_order_relaxed);
  if (index == kUndecided) {
    index = best_of_this_processor();
    choice.store(index, std::memory_order_relaxed);
  }
  return index;
}

const InstructionSet& chosen_set() { return *instruction_sets()[chosen_index()]; }

void choose_set(const std::string& name) {
  const auto& sets = instruction_sets();
  // A set of that name before one that merely is the same.
  auto set = std::ranges::find(sets, name, &InstructionSet::name);
  if (set == sets.end()) set = std::ranges::find(sets, name, &InstructionSet::architecture);
  if (set == sets.end()) {
    std::vector<std::string> known;
    known.reserve(sets.size());
    for (const auto* s : sets) known.push_back(spelled(*s));
    throw std::invalid_argument(fmt::format(
        "this build has kernels for {}; configure with -DMOAT_CPU=all, or the sets that are wanted",
        fmt::join(known, ", ")));
  }
  if (const auto missing = missing_features(**set, features_here()); !missing.empty()) {
    throw std::invalid_argument(fmt::format("this processor lacks {}", fmt::join(missing, ", ")));
  }
  if (const auto why = refusal(**set); !why.empty()) throw std::invalid_argument(why);
  choice = static_cast<int>(set - sets.begin());
}

}  // namespace moat::cpu
