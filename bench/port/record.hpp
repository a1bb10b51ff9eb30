// The porting record: what was counted, as JSON, and what can be read back from it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/port/baseline.hpp"
#include "bench/port/compare.hpp"
#include "bench/port/count.hpp"
#include "bench/port/evidence.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {

inline constexpr const char* kBaselineFamily = "cuda/sm_80";

// What a port, or a family such as cuda/sm_90a, is compared with.
std::string baseline_of(std::string_view name);
// JSON pointer to what the record holds of it: /ports/hip, /families/cuda~1sm_90a.
std::string pointer_to(std::string_view name);

// What the record says of a port besides its lines.
struct PortFacts {
  std::string origin;                 // "this build" or "committed record"
  std::optional<std::string> commit;  // of the repository when it was counted
  std::optional<bool> at_commit;      // whether the sources counted are those of that commit
  std::optional<Execution> tests;
};

struct Porting {
  Count count;
  std::map<std::string, PortFacts> facts;     // of backends and families, as the counts are
  std::map<std::string, std::string> absent;  // backend or family → why it is null
};

// The document that bench/port/README.md describes. Every number in it follows from the line sets,
// which it holds too.
Json to_json(const Porting& porting);

// Reads a document back, of this version or of version 1, which knew no families. Throws
// std::runtime_error that names the member.
Porting from_json(const Json& document);

// Sources of a backend that are not, under `root`, what they were when it was counted.
std::vector<std::string> changed_sources(const Count& count, const std::string& backend,
                                         const std::filesystem::path& root);

// True if a backend of host passes alone compiles other groups of the very same sources: what a
// processor with other instructions, or another compiler, predefines.
bool differs_by_host(const Count& now, const Count& before, const std::string& backend);

// For each backend and family, what `built` counted or, failing that, what `committed` did, as far
// as its sources are the ones under `root`.
Porting merge(const std::optional<Porting>& built, const std::string& no_built,
              const std::optional<Porting>& committed, const std::string& no_committed,
              const std::filesystem::path& root);

// The members in which two documents differ, as "/ports/hip/…: 3, was 2": numbers, line sets,
// hashes and targets. Not compared are facts of the machine and the moment: compiler, origin,
// commit and tests.
std::vector<std::string> differences(const Json& now, const Json& before);

}  // namespace moat
