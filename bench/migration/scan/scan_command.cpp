// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/scan/scan_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/migration/diff/diff_command.hpp"
#include "bench/migration/diff/port_class.hpp"
#include "bench/migration/diff/report.hpp"
#include "bench/run/number_check.hpp"

namespace moat {
namespace {

// cudaX, cuX, CUX, CUDA_X and the libraries' names.
bool is_api_name(std::string_view name) {
  if (is_library_name(name)) return true;
  if (name.starts_with("cuda") && name.size() > 4) return std::isupper(name[4]) != 0;
  if (name.starts_with("cu") && name.size() > 2) return std::isupper(name[2]) != 0;
  return name.starts_with("CUDA_") || name.starts_with("CU_");
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class Scanner {
 public:
  Scanner(Json& scan, const RenameTable& table) : scan_(scan), table_(table) {}

  void file(const std::string& path, const SourceText& source) {
    const auto places = token_places(source);
    for (const CodeLine& line : source.lines) {
      ++sloc_;
      bool touched = false;
      for (std::uint32_t t = line.first; t < line.last; ++t) {
        const Token& token = source.tokens[t];
        const std::string_view text = source.spelling(token);
        const auto note = [&](const std::string& kind, const std::string& maps) {
          names_[{kind, to_utf8(text)}].first = maps;
          names_[{kind, to_utf8(text)}].second.push_back(
              {{"file", to_utf8(path)}, {"line", line.number}});
          touched = true;
        };
        if (token.kind == TokenKind::kIdentifier && is_intrinsic(text)) {
          const bool assembly = text == "asm" || holds(text, "__asm");
          note(assembly ? "inline assembly" : "intrinsic",
               assembly ? "no equivalent: to be written anew" : table_.mapping(text));
        } else if (token.kind == TokenKind::kIdentifier && is_api_name(text)) {
          note(is_library_name(text) ? "library" : "api", table_.mapping(text));
        } else if (text == "<<<") {
          note("launch", "launch syntax");
        }
        hazard(path, source, line, t, places[t]);
      }
      if (touched) ++touched_;
    }
  }

  void finish() {
    Json names = Json::array();
    for (const auto& [name, found] : names_) {
      names.push_back({{"kind", name.first},
                       {"name", name.second},
                       {"mapping", found.first},
                       {"count", found.second.size()},
                       {"places", found.second}});
    }
    scan_["sloc"] = sloc_;
    scan_["lines_with_names"] = touched_;
    scan_["names"] = names;
    scan_["hazards"] = hazards_;
  }

 private:
  void add(const std::string& path, const SourceText& source, const CodeLine& line,
           const char* kind, const char* why) {
    if (!hazards_.empty() && hazards_.back().at("file") == to_utf8(path) &&
        hazards_.back().at("line") == line.number && hazards_.back().at("kind") == kind) {
      return;
    }
    hazards_.push_back({{"kind", kind},
                        {"why", why},
                        {"file", to_utf8(path)},
                        {"line", line.number},
                        {"text", to_utf8(source.line_text(line))}});
  }

  void hazard(const std::string& path, const SourceText& source, const CodeLine& line,
              std::uint32_t t, const TokenPlace& place) {
    const Token& token = source.tokens[t];
    const std::string_view text = source.spelling(token);
    if (token.kind != TokenKind::kNumber) return;
    std::uint64_t value = 0;
    if (!integer_value(text, value)) return;
    const std::string_view whole = source.line_text(line);
    const std::string_view before =
        t > line.first ? source.spelling(source.tokens[t - 1]) : std::string_view();
    const bool lane = holds(whole, "threadIdx") || holds(whole, "lane") || holds(whole, "tid");
    const bool warp = holds(whole, "warp") || holds(whole, "WARP") || holds(whole, "shfl");
    // As a plain number it is as often the largest one of 32 bits.
    const bool mask = lane || warp || holds(whole, "sync") || holds(whole, "ballot") ||
                      holds(whole, "mask") || holds(whole, "MASK") || holds(whole, "Shuffle");
    if (value == 0xffffffffU && mask) {
      add(path, source, line, "32-bit lane mask", "a wave of 64 lanes needs 64 bits");
    } else if (value == 5 && place.shift_count && (lane || warp)) {
      add(path, source, line, "warp width", "a shift by 5 divides by 32 lanes");
    } else if (value == 31 && before == "&" && (lane || warp)) {
      add(path, source, line, "warp width", "a mask of 31 is the lane in a warp of 32");
    } else if (value == 32 && (warp || (lane && (before == "%" || before == "/")))) {
      add(path, source, line, "warp width", "32 lanes are assumed");
    } else if (value == 16 && holds(whole, "shfl")) {
      add(path, source, line, "warp width", "a butterfly from 16 leaves out half of 64 lanes");
    } else if ((value == 49152 || value == 65536 || value == 101376 || value == 166912 ||
                value == 232448) &&
               (holds(whole, "shared") || holds(whole, "smem") || holds(whole, "Shared"))) {
      add(path, source, line, "shared memory limit", "the limit differs between devices");
    } else if (holds(whole, "__launch_bounds__") || holds(whole, "maxrregcount")) {
      add(path, source, line, "register limit", "registers per lane and occupancy differ");
    }
  }

  Json& scan_;
  const RenameTable& table_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, Json::array_t>> names_;
  Json hazards_ = Json::array();
  int sloc_ = 0;
  int touched_ = 0;
};

struct ScanRun {
  std::shared_ptr<CodeOptions> code;
  std::string folder;
  std::string out;
  bool json = false;
  std::size_t places = 40;
};

}  // namespace

Json scan_tree(const Tree& tree, const std::string& from, const std::string& to,
               const RenameTable& table) {
  Json scan = {{"schema", "moat-port-scan"},
               {"version", 1},
               {"what", "a prediction, before the port: score it with moat port diff afterwards"},
               {"tree", to_utf8(tree.name)},
               {"from", from},
               {"to", to},
               {"renames", {{"table", table.name()}, {"version", table.version()}}}};
  Json skipped = Json::array();
  for (const Skipped& s : tree.skipped) {
    skipped.push_back({{"path", to_utf8(s.path)}, {"reason", to_utf8(s.reason)}});
  }
  Scanner scanner(scan, table);
  for (const std::string& path : tree.paths) {
    std::string text = tree.read(path);
    if (is_binary(text)) {
      skipped.push_back({{"path", to_utf8(path)}, {"reason", "binary"}});
    } else {
      scanner.file(path, make_source(std::move(text)));
    }
  }
  scanner.finish();
  scan["skipped"] = skipped;
  return scan;
}

std::string scan_text(const Json& scan, std::size_t places) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out,
      "prediction for a port of {} from {} to {} (renames {} {})\n{} of {} lines of code "
      "name the model, its libraries or its intrinsics\n\n",
      scan.at("tree").get<std::string>(), scan.at("from").get<std::string>(),
      scan.at("to").get<std::string>(), scan.at("renames").at("table").get<std::string>(),
      scan.at("renames").at("version").get<std::string>(), scan.at("lines_with_names").dump(),
      scan.at("sloc").dump());
  // What it takes first, and the names in the order of their kinds.
  std::map<std::string, std::pair<std::size_t, std::size_t>> sums;
  std::size_t width = 0;
  for (const Json& n : scan.at("names")) {
    const auto mapping = n.at("mapping").get<std::string>();
    auto& [names, uses] = sums[mapping_kind(mapping)];
    ++names;
    uses += n.at("count").get<std::size_t>();
    width = std::max(width, n.at("name").get<std::string>().size());
  }
  fmt::format_to(out, "{:>6}{:>7}  mapping\n", "names", "uses");
  for (const auto& [mapping, sum] : sums) {
    fmt::format_to(out, "{:>6}{:>7}  {}\n", sum.first, sum.second, mapping);
  }
  fmt::format_to(out, "\n{:>6}  {:<16} {:<{}}  {}\n", "uses", "kind", "name", width,
                 "mapping (first place)");
  for (const Json& n : scan.at("names")) {
    const Json& at = n.at("places").front();
    fmt::format_to(out, "{:>6}  {:<16} {:<{}}  {} ({}:{})\n", n.at("count").dump(),
                   n.at("kind").get<std::string>(), n.at("name").get<std::string>(), width,
                   n.at("mapping").get<std::string>(), at.at("file").get<std::string>(),
                   at.at("line").dump());
  }
  const Json& hazards = scan.at("hazards");
  fmt::format_to(out, "\n{} silent {}\n", hazards.size(),
                 hazards.size() == 1 ? "hazard: it compiles and may go wrong"
                                     : "hazards: these compile and may go wrong");
  for (std::size_t i = 0; i < hazards.size() && (places == 0 || i < places); ++i) {
    const Json& h = hazards[i];
    fmt::format_to(out, "{}:{}: {} ({}): {}\n", h.at("file").get<std::string>(),
                   h.at("line").dump(), h.at("kind").get<std::string>(),
                   h.at("why").get<std::string>(), h.at("text").get<std::string>());
  }
  if (places != 0 && hazards.size() > places) text += "… --places 0 lists all\n";
  return text;
}

void add_scan_command(CLI::App& port, int& exit_code) {
  auto run = std::make_shared<ScanRun>();
  auto* command = port.add_subcommand("scan", "predict what a port would change");
  command->add_option("DIR", run->folder, "Folder or file to port")->required();
  run->code = add_code_options(*command, true);
  command->add_flag("--json", run->json, "Print JSON (schema moat-port-scan)");
  command->add_option("--places", run->places, "Hazards that the text lists; 0: all")
      ->check(number_check(0, 1000000000))
      ->capture_default_str();
  command->add_option("--out", run->out, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command->footer(R"(
A prediction from the text alone. A name maps as: same; rename; arguments differ (order, number or
type); no equivalent (the table's source says so); not in the table (nothing is known).

Examples:
  moat port scan src --to hip
  moat port scan src --to musa --json | jq '.hazards[] | .file, .line'

exit codes: 0 done, 2 bad usage, 4 output could not be written, 5 reading failed
)");
  command->callback([run, &exit_code] {
    exit_code = guarded_run("scan", [&] {
      const Json scan = scan_tree(folder_tree(run->folder, run->code->filter()), run->code->from,
                                  run->code->to, run->code->table());
      put_output(run->out, run->json ? dump_strict(scan) : scan_text(scan, run->places));
      return 0;
    });
  });
}

}  // namespace moat
