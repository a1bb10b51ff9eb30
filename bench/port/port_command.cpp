// SPDX-License-Identifier: Apache-2.0
#include "bench/port/port_command.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "bench/migration/claims/claims_command.hpp"
#include "bench/migration/corpus/corpus_command.hpp"
#include "bench/migration/diff/diff_command.hpp"
#include "bench/migration/history/history_command.hpp"
#include "bench/migration/scan/scan_command.hpp"
#include "bench/port/details.hpp"
#include "bench/port/document.hpp"
#include "bench/port/merge.hpp"
#include "bench/port/record.hpp"
#include "bench/port/table.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter =
    R"(
Definitions:
  L_b       lines that the build of backend b compiles: in a file that it includes, in no group
            that its preprocessor skips, and neither blank nor comment
  family    architectures that share atoms: the lines of its kernels' build and of the backend's
            runtime, beside those of cuda/sm_80
  shared    lines of L_b that the baseline, cuda, compiles too
  added     lines of L_b that the baseline does not compile
  unused    lines of the baseline that b does not compile
  changed   added / |L_b|
  kernel    lines under kernels/; problem: lines under problems/; layer: lines under backends/;
            the layer shared out: a line that q kernels use counts 1/q for each
  divergence  1 - |L_i and L_j| / |L_i or L_j|, mean over all pairs of backends

For code other than this suite's (each has --help; bench/migration/README.md has the definitions):
  moat port diff saxpy-cuda saxpy-hip            what a finished port changed, class by class
  moat port rev REPO v1..v2 -- src/gpu           the same between two revisions
  moat port corpus DIR --pairs '*-cuda:*-hip'    the same over hundreds of pairs, and the distribution
  moat port scan DIR --to hip                    what a port would change: a prediction
  moat port history REPO -- src/gpu              what it took: commits, active days, rework
  moat port claims CLAIMS --evidence corpus.json  are claims supported by measured ports?

Examples, of this suite's own ports:
  moat port                           the table
  moat port --details gemm            which lines differ, with their text
  moat port --details cuda/sm_90a     the same of one architecture family
  moat port --json | jq .ports.hip    the record
  moat port --check                   is results/porting/porting.json still true? (for CI)
  moat port --update --tests build/tests.xml
                                      write it anew, with what the tests of
                                      ctest --output-junit tests.xml prove about where ports ran
The committed document has numbers; the lines themselves are in build/porting.json, of what that
build compiles.

bench/port/README.md has the definitions in full and how to check a number by hand.

exit codes: 0 done, 1 --check: the record is stale, 2 bad usage, 4 output could not be written,
            5 reading or counting failed)";

struct Options {
  bool json = false;
  bool csv = false;
  bool check = false;
  bool update = false;
  std::string details;
  std::string tests;
};

MaybeDocument read_document(const fs::path& path) {
  if (!fs::exists(path)) return {{}, fmt::format("{} does not exist", path.string())};
  try {
    Json document = read_json_file(path);
    from_json(document);  // throws if it is none
    return {std::move(document), {}};
  } catch (const std::exception& e) {
    return {{}, fmt::format("{}: {}", path.string(), e.what())};
  }
}

Json merged(const MaybeDocument& built, const PortingPaths& paths) {
  Json document = merge(built, read_document(paths.committed), paths.sources);
  add_commit(document, paths.sources);
  return document;
}

// Counts anew, by the manifest of this build.
Porting recount(const PortingPaths& paths) {
  Porting fresh;
  fresh.count = count_lines(read_manifest(paths.manifest), paths.sources, paths.build);
  fresh.absent = fresh.count.errors;
  return fresh;
}

int update(const Options& options, const PortingPaths& paths) {
  Json document = merged({to_json(recount(paths)), {}}, paths);
  if (!options.tests.empty()) add_tests(document, options.tests, paths.sources);
  fs::create_directories(paths.committed.parent_path());
  write_file(paths.committed, dump_strict(without_line_ranges(document)));
  print_out(fmt::format("{}wrote {}\n", porting_table(document), paths.committed.string()));
  return 0;
}

int check(const PortingPaths& paths) {
  if (!fs::exists(paths.committed)) {
    say("{} does not exist: write it with moat port --update\n", paths.committed.string());
    return 1;
  }
  const MaybeDocument committed = read_document(paths.committed);
  if (!committed.document) throw std::runtime_error(committed.why_not);
  const Json& before = *committed.document;
  const Porting counted = recount(paths);
  const Json fresh = to_json(counted);
  if (const auto found = differences(fresh, before, paths.sources); !found.empty()) {
    constexpr std::size_t kShown = 40;
    say("{} is stale; moat port --update writes it anew:\n", paths.committed.string());
    for (std::size_t i = 0; i < std::min(found.size(), kShown); ++i) {
      say("  {}\n", found[i]);
    }
    if (found.size() > kShown) say("  and {} more\n", found.size() - kShown);
    return 1;
  }
  int missing = 0;
  std::vector<std::string> recomputed;
  bool complete = true;
  for (const std::string& name : port_names(before)) {
    if (!port_in(fresh, name).is_null()) {
      // What another processor or compiler makes of the same sources is not stale.
      if (differs_by_host(fresh, before, name)) {
        print_out(fmt::format(
            "not recomputed: {}: this processor or compiler selects other groups of the same "
            "sources\n",
            name));
        complete = false;
      } else {
        recomputed.push_back(name);
      }
      continue;
    }
    complete = false;
    // A family of a backend that is not built says nothing more.
    if (is_family(name) && port_in(fresh, backend_of(name)).is_null()) continue;
    const auto why = counted.absent.find(name);
    print_out(
        fmt::format("not recomputed: {}: {}\n", name,
                    why == counted.absent.end() ? "this build does not compile it" : why->second));
    // A backend that is built must be countable.
    if (why != counted.absent.end()) ++missing;
  }
  if (missing > 0) return 5;
  print_out(complete ? fmt::format("{} is up to date\n", paths.committed.string())
                     : fmt::format("{}: what was recomputed is up to date: {}\n",
                                   paths.committed.string(), fmt::join(recomputed, ", ")));
  return 0;
}

int run(const Options& options, const PortingPaths& paths) {
  if (options.update) return update(options, paths);
  if (options.check) return check(paths);
  const Json record = porting_record(paths);
  if (options.json) {
    print_out(dump_strict(record));
  } else if (options.csv) {
    print_out(porting_csv(record));
  } else if (!options.details.empty()) {
    print_out(porting_details(record, options.details, paths.sources));
  } else {
    print_out(porting_table(record));
  }
  return 0;
}

int guarded(const Options& options, const PortingPaths& paths) {
  try {
    return run(options, paths);
  } catch (const std::invalid_argument& e) {
    say("moat port: {}\n", e.what());
    return 2;
  } catch (const WriteError& e) {
    say_error("moat port", e);
    return 4;
  } catch (const std::exception& e) {
    say("moat port: {}\n", e.what());
    return 5;
  }
}

}  // namespace

PortingPaths default_porting_paths() {
  const fs::path sources = MOAT_SOURCE_DIR;
  const fs::path build = MOAT_BINARY_DIR;
  return {.sources = sources,
          .build = build,
          .manifest = build / "compile_manifest.json",
          .built = build / "porting.json",
          .committed = sources / "results" / "porting" / "porting.json"};
}

Json porting_record(const PortingPaths& paths) { return merged(read_document(paths.built), paths); }

void add_port_command(CLI::App& app, int& exit_code, const PortingPaths& paths) {
  auto* command =
      app.add_subcommand("port", "lines changed per port: what each backend of this suite cost");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  auto* form = command->add_option_group("form");
  form->add_flag("--json", options->json, "Print the record as JSON");
  form->add_flag("--csv", options->csv, "Print one row per port or family, kernel and part as CSV");
  form->add_option("--details", options->details,
                   "Print the lines that differ, of a kernel, a file or a family")
      ->type_name("KERNEL|FILE|FAMILY");
  form->add_flag("--check", options->check,
                 "Count anew; exit 1 and name the numbers if the committed record differs");
  auto* update =
      form->add_flag("--update", options->update, "Count anew and write the committed record");
  form->require_option(0, 1);
  command
      ->add_option("--tests", options->tests,
                   "CTest's JUnit file, evidence of where each port ran (with --update)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs(update);
  add_diff_commands(*command, exit_code);
  add_corpus_command(*command, exit_code);
  add_scan_command(*command, exit_code);
  add_history_command(*command, exit_code);
  add_claims_commands(*command, exit_code);
  // A subcommand of its own ran already.
  command->callback([options, paths, command, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = guarded(*options, paths);
  });
}

}  // namespace moat
