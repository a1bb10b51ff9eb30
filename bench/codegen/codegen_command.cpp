// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/codegen_command.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/descriptor.hpp"
#include "bench/codegen/gate.hpp"
#include "bench/codegen/report.hpp"
#include "bench/codegen/table.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
Columns:
  kernel      block program / element type / variant / schedule: tile m x n x k, then the other
              numbers of the schedule's type in backends/*/schedules.hpp
  registers   per lane; on AMD v: vector, a: of them accumulation, s: scalar, per wave
  spills      bytes stored/loaded per lane (ptxas); on AMD v: vector registers, s: scalar
              registers, which go to lanes of vector registers
  stack       bytes per lane
  shared      bytes of shared memory or LDS per block, static + dynamic
  blocks x waves, limit
              blocks that fit a multiprocessor or compute unit at once, their waves of the most
              that it holds, and what allows no more; the limits stand above each table
  matrix      matrix instructions
  wide g.ld   loads of 16 bytes per lane (or whole boxes) of all loads from global memory
  cp.async    of the wide ones, copies to shared memory past registers (LDGSTS in machine code)
  TMA         of the wide ones, boxes by the tensor memory accelerator (UTMALDG, UBLKCP)
  buffer      of the wide ones, with a range that the hardware checks (AMD's buffer_load): those
              that a matrix instruction follows before a wait for them, of all
  wide s.ld   loads of 16 bytes per lane of all loads from shared memory
  code        bytes of machine code
Instruction counts are static: one in a loop counts once. For NVIDIA they are counted in the PTX
that nvcc embeds, since the toolkit need not have a disassembler; for AMD in llvm-objdump's output.
Where nvdisasm is found, NVIDIA's machine code says where exponentials lie (--json, --check).

Examples:
  moat codegen                                all kernels
  moat codegen --filter '^gemm/bf16.*sm_90a'  names that match
  moat codegen --json | jq '.entries[] | select(.spill_store_bytes > 0)'
  moat codegen --check                        for CI
  moat codegen --check --family hip/cdna      of one family of architectures

exit codes:
  0    printed; with --check: nothing to complain of
  1    --check: a spill, a stack frame, a message of ptxas, a missing matrix instruction or kind of
       load, an exponential behind the wait that it should hide or beside a rescue of subnormal
       results, a kernel that does not fit as its launch bounds ask, or a source that could not be
       read; promises of machine code are named as skipped where there was no nvdisasm
  2    bad option or value
  3    this build compiles no GPU kernels, none of --family, or none matches --filter
  4    standard output could not be written
  5    the build's report cannot be read)";

struct Options {
  bool json = false;
  bool csv = false;
  bool check = false;
  std::string family;  // hip/cdna
  std::string filter;
};

// hip, cdna. Throws std::invalid_argument where no backend has the family.
std::pair<std::string, std::string> parse_family(const std::string& text) {
  std::string all;
  for (const BackendDescriptor& d : backend_descriptors()) {
    for (const auto& family : d.families) {
      const std::string name = d.name + "/" + family.name;
      if (name == text) return {d.name, family.name};
      all += (all.empty() ? "" : ", ") + name;
    }
  }
  throw std::invalid_argument(fmt::format("--family {}: there are {}", text, all));
}

int check(const codegen::Report& report) {
  const auto found = codegen::failures(report, codegen::promises(), codegen::spilling());
  for (const auto& failure : found) say("{}: {}\n", failure.where, failure.what);
  const auto spills = codegen::known_spills(report);
  for (const auto& known : spills) say("known to spill: {}: {}\n", known.where, known.what);
  const auto skipped = codegen::skipped(report);
  std::map<std::string, std::vector<std::string>> kernels;  // that a promise was skipped for
  for (const auto& promise : skipped) kernels[promise.what].push_back(promise.where);
  for (const auto& [promise, of] : kernels) {
    say("skipped for {} and {} more: {}\n", of.front(), of.size() - 1, promise);
  }
  if (!found.empty()) return 1;
  print_out(fmt::format(
      "{} kernels checked: {}no spills, no stack frames, all promised instructions{}\n",
      report.entries.size(),
      spills.empty() ? "" : fmt::format("{} known to spill, of all others ", spills.size()),
      skipped.empty() ? "" : fmt::format("; {} promises skipped", skipped.size())));
  return 0;
}

int run(const Options& options, const fs::path& path) {
  const std::regex filter(options.filter);
  codegen::Report report = read_codegen_report(path);
  if (!options.family.empty()) {
    const auto [backend, family] = parse_family(options.family);
    report = codegen::of_family(std::move(report), backend, family);
  }
  if (report.entries.empty() && report.errors.empty()) {
    for (const auto& [backend, why] : report.absent) {
      say("absent: {}: {}\n", backend, why);
    }
    if (report.absent.empty()) say("absent: {}: this build does not compile it\n", options.family);
    return 3;
  }
  if (options.check) return check(report);
  if (!options.filter.empty()) {
    std::erase_if(report.entries,
                  [&](const auto& e) { return !std::regex_search(e.text(), filter); });
    if (report.entries.empty()) {
      say("moat codegen: no kernel's name matches --filter {}\n", options.filter);
      return 3;
    }
  }
  if (options.json) {
    print_out(dump_strict(to_json(report)));
  } else if (options.csv) {
    print_out(csv(report));
  } else {
    print_out(table(report));
  }
  return 0;
}

int guarded(const Options& options, const fs::path& path) {
  try {
    return run(options, path);
  } catch (const std::regex_error& e) {
    say("moat codegen: --filter {}: {}\n", options.filter, e.what());
    return 2;
  } catch (const std::invalid_argument& e) {
    say("moat codegen: {}\n", e.what());
    return 2;
  } catch (const WriteError&) {
    throw;
  } catch (const std::exception& e) {
    say("moat codegen: {}\n", e.what());
    return 5;
  }
}

}  // namespace

codegen::Report read_codegen_report(const fs::path& path) {
  if (!fs::exists(path)) {
    throw std::runtime_error(
        fmt::format("{} does not exist; build the target moat_codegen_report", path.string()));
  }
  try {
    return codegen::from_json(read_json_file(path));
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", path.string(), e.what()));
  }
}

fs::path default_codegen_report() { return fs::path(MOAT_BINARY_DIR) / "codegen.json"; }

void add_codegen_command(CLI::App& app, int& exit_code, const fs::path& report) {
  auto* command = app.add_subcommand(
      "codegen", "what the compilers made of each GPU kernel: registers, spills, occupancy");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  auto* form = command->add_option_group("form");
  form->add_flag("--json", options->json, "Print the document as JSON");
  form->add_flag("--csv", options->csv, "Print one row per kernel as CSV");
  auto* check_flag = form->add_flag("--check", options->check,
                                    "Exit 1 and name what must not be: spills, stack frames …");
  form->require_option(0, 1);
  command->add_option("--family", options->family, "Only that family of architectures")
      ->type_name("BACKEND/FAMILY");
  command->add_option("--filter", options->filter, "Only kernels whose name matches")
      ->type_name("REGEX")
      ->excludes(check_flag);
  command->callback([options, report, &exit_code] { exit_code = guarded(*options, report); });
}

}  // namespace moat
