// SPDX-License-Identifier: Apache-2.0
#include "bench/software/software_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/record/file.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/cpu_option.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/placement.hpp"
#include "bench/run/threads.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/software/claims.hpp"
#include "bench/software/comparison.hpp"
#include "bench/software/document.hpp"
#include "bench/software/text.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

constexpr const char* kFooter = R"(
A plain way to a result and optimised ones, on one device: each is verified against float64, then
they are timed in turns in the same rounds, and the ratio is that of each round. Beside it stands
what the device's own ceilings predict, measured in the same run: of each way the larger of FLOPs ÷
rate and bytes ÷ rate. Where the two part, a note says by how much, and which way falls short of its
ceilings. "of bytes" is the ratio of what both move, which is that of times where memory binds both.
"kept" are the bytes that stay in memory from call to call: weights, or the cache of keys and values.
Ways that differ in their types or heads solve problems of their own, of the same shape.

A way is a case (moat list), or CHAIN:CASE for a chain of steps that solves it.

claims FILE (JSON) holds statements; bench/software/press.json is an example. Each has id; says; what
(the reading that is judged); operator (>= > <= < =), value, tolerance (of =), unit (share, ratio,
bytes); and either
  formula  over numbers, names of "where" and ALIAS.FIELD of "models", {ALIAS: id on Hugging Face}:
           + - * / ( ) min max; computed from the models' configurations
  measure  {metric, pairing, plain, way}; metric is speedup, predicted_speedup, flops_saved,
           bytes_saved or kept_bytes_saved; of any other the claim is not testable
"where" is {NAME: number or formula}, in order. "readings" are other things that it may mean, each
with what differs from the claim.
holds: the value, or all of the 95 % interval of a measured ratio, fulfils the claim; does not hold:
none of it does; not testable: it straddles the value, or the reason says what was not measured.

examples:
  moat software                                          all pairings on every device
  moat software --list                                   the pairings, and what is skipped and why
  moat software --pairing product-decode --json --out software.json
  moat software --ways gemm/f32/m64n512k512bt gemm/bf16/m64n512k512bt     ways of your own
  moat software --claims bench/software/press.json       measures what the claims ask for
  moat software --claims bench/software/press.json --evidence software.json
  moat software --claims bench/software/press.json --no-measuring      formulas alone

exit codes:
  0    all ways were verified and timed, or skipped with a reason; the claims were judged
  1    a way failed its verification or is suspect
  2    bad option, value, or file of claims; nothing was measured
  3    no way could run
  4    the output could not be written
  5    a device, or a way on it, could not run; or the evidence cannot be read
  6    the machine was too busy: ways are right, but have no undisturbed time
  130  interrupted; what was measured is printed
)";

struct Options {
  ComparisonOptions comparison;
  std::vector<std::string> pairings;
  std::vector<std::string> ways;
  std::optional<std::filesystem::path> claims;
  std::optional<std::filesystem::path> evidence;
  bool measure = true;
  bool list = false;
  bool json = false;
  std::filesystem::path out;
};

// A pairing of ways that the user names.
Pairing own_pairing(const std::vector<std::string>& texts) {
  if (texts.size() < 2) {
    throw UsageError("--ways: needs a plain way and at least one to compare with it");
  }
  Pairing pairing{.name = "ways", .says = "as given", .ways = {}};
  for (const std::string& text : texts) {
    if (std::ranges::count(texts, text) > 1) {
      throw UsageError(fmt::format("--ways: {} stands there twice", text));
    }
    try {
      if (const ReadWay way = read_way(text); !way.problem) {
        throw CaseError(fmt::format("way '{}': {}; a way is a case, such as '{}'", text,
                                    way.missing, describe(kernels().front()).example));
      }
    } catch (const CaseError& e) {
      throw UsageError(fmt::format("--ways: {}", e.what()));
    }
    pairing.ways.push_back({.name = text, .text = text});
  }
  return pairing;
}

Json read_claims(const std::filesystem::path& file) {
  try {
    return read_json_file(file);
  } catch (const std::exception& e) {
    throw UsageError(fmt::format("--claims: {}", e.what()));
  }
}

void put(const Options& options, const std::string& text) {
  if (options.out.empty()) {
    print_out(text);
  } else {
    write_file(options.out, text);
  }
}

// Which pairings to measure: those that were asked for, or that the claims ask for, or all.
std::vector<Pairing> choose(const Options& o, const Json& claims) {
  std::vector<Pairing> chosen;
  for (const std::string& name : o.pairings) chosen.push_back(find_pairing("--pairing", name));
  if (!o.ways.empty()) chosen.push_back(own_pairing(o.ways));
  if (!chosen.empty()) return chosen;
  if (claims.is_null()) return pairings();
  for (const std::string& name : pairings_of(claims)) {
    chosen.push_back(find_pairing("--claims", name));
  }
  return chosen;
}

// A mode that measures nothing takes few of the options; one that it would not heed is a mistake.
void refuse_unheeded(const CLI::App& command, const Options& o) {
  const char* mode = o.list       ? "--list"
                     : o.evidence ? "--evidence"
                     : !o.measure ? "--no-measuring"
                                  : nullptr;
  if (mode == nullptr) return;
  std::vector<std::string> heeded = {mode, "--out"};
  if (o.list) {
    heeded.emplace_back("--pairing");
  } else {
    heeded.insert(heeded.end(), {"--claims", "--json"});
  }
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || std::ranges::find(heeded, name) != heeded.end()) continue;
    throw UsageError(
        fmt::format("{} does not go with {}, which measures nothing: leave one out", name, mode));
  }
}

int software(Options& o, const std::vector<std::string>& arguments, RunWorld (*world)()) {
  if (o.list) {
    put(o, pairings_text(choose(o, nullptr)));
    return kExitOk;
  }
  if (!o.claims && (o.evidence || !o.measure)) {
    throw UsageError(fmt::format("{}: judges claims; name them with --claims",
                                 o.evidence ? "--evidence" : "--no-measuring"));
  }
  const Json claims = o.claims ? read_claims(*o.claims) : Json(nullptr);
  const std::string from = o.claims ? fmt::format("--claims {}", o.claims->string()) : "";
  Json document(nullptr);
  int code = kExitOk;
  // What is wrong with the claims is said before minutes of measuring.
  if (!claims.is_null()) (void)judge_claims(claims, nullptr, from);
  if (!o.out.empty()) require_writable(o.out);
  if (o.evidence) {
    document = read_software_document("--evidence", *o.evidence);
  } else if (o.measure) {
    o.comparison.pairings = choose(o, claims);
    if (!o.comparison.pairings.empty()) {
      start_again_placed(o.comparison.threads, arguments);
      document = compare_ways(o.comparison, world());
      code = exit_code_of(document);
      // Claims about ways that are all missing are judged all the same.
      if (!claims.is_null() && code == kExitNothing) code = kExitOk;
    }
  }
  Json results(nullptr);
  if (!claims.is_null()) {
    try {
      results = judge_claims(claims, document, from);
    } catch (const nlohmann::json::exception& e) {
      throw std::runtime_error(
          fmt::format("--evidence {}: {}; moat software --json writes what it reads",
                      o.evidence ? o.evidence->string() : "", e.what()));
    }
  }
  if (o.json) {
    if (document.is_null()) document = {{"schema", "moat-software"}, {"version", 1}};
    if (!results.is_null()) document["claims"] = results;
    put(o, dump_strict(document));
    return code;
  }
  std::string text;
  if (!document.is_null() && !o.evidence) {
    text = comparison_text(document, o.out.empty() && color_wanted());
  }
  if (!results.is_null()) text += (text.empty() ? "" : "\n") + claims_text(results);
  put(o, text);
  return code;
}

void add_options(CLI::App& command, Options& o) {
  const std::string which = "Which ways";
  command.add_option("--pairing", o.pairings, "only these pairings (default: all; see --list)")
      ->group(which);
  command
      .add_option("--ways", o.ways,
                  "ways of your own, the plain one first: cases of moat list, or CHAIN:CASE")
      ->type_name("PLAIN OTHER")
      ->group(which);
  command
      .add_flag("--list", o.list,
                "print the pairings (all, or those of --pairing) and chains, and measure nothing")
      ->group(which);
  command
      .add_option("--backend", o.comparison.backends,
                  "only these backends, as moat list names them")
      ->group(which);
  command
      .add_option("--device", o.comparison.devices, "only these devices: cpu:0, or BACKEND:INDEX")
      ->group(which);

  const std::string how = "How to measure";
  command.add_option("--seed", o.comparison.seed, "seed of the random inputs")
      ->check(number_check<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str()
      ->group(how);
  command.add_option("--threads", o.comparison.threads, "threads on the CPU (default: all cores)")
      ->check(number_check(1, kMostThreads))
      ->group(how);
  add_cpu_option(command, how);
  command.add_option("--budget", o.comparison.budget_seconds, "seconds per way")
      ->check(number_check(0.001, 86400.0))
      ->group(how);
  command
      .add_option(
          "--samples", o.comparison.samples,
          "at most so many samples per way; those that other work disturbed are taken again")
      ->check(number_check(1, 1000000))
      ->group(how);

  const std::string judging = "Claims";
  command.add_option("--claims", o.claims, "judge the statements of this file")
      ->type_name("FILE")
      ->group(judging);
  CLI::Option* evidence =
      command
          .add_option("--evidence", o.evidence,
                      "judge by what an earlier moat software --json wrote, and measure nothing")
          ->type_name("FILE")
          ->group(judging);
  command
      .add_flag_callback(
          "--no-measuring", [&o] { o.measure = false; },
          "judge formulas alone; what must be measured is not testable")
      ->excludes(evidence)
      ->group(judging);

  const std::string output = "Output";
  command.add_flag("--json", o.json, "print JSON (schema moat-software)")->group(output);
  command.add_option("--out", o.out, "write to FILE instead of standard output")
      ->type_name("FILE")
      ->group(output);
  command
      .add_flag("--progress", o.comparison.progress,
                "a line for every pairing on standard error, also where that is no terminal")
      ->group(output);
}

}  // namespace

void add_software_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                          RunWorld (*world)()) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "software", "what optimised software alone buys: plain ways beside optimised ones; claims");
  command->footer(kFooter);
  add_options(*command, *options);
  command->callback([command, options, arguments, &exit_code, world] {
    refuse_unheeded(*command, *options);
    exit_code = software(*options, arguments, world);
  });
}

}  // namespace moat
