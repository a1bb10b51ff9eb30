// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/corpus/corpus_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/migration/corpus/distribution.hpp"
#include "bench/migration/diff/diff_command.hpp"
#include "bench/migration/diff/report.hpp"
#include "bench/migration/source/parallel.hpp"
#include "bench/record/csv.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/text/progress.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

struct Glob {
  std::string before;
  std::string after;

  explicit Glob(const std::string& text) {
    const std::size_t star = text.find('*');
    if (star == std::string::npos || text.find('*', star + 1) != std::string::npos) {
      throw std::invalid_argument(
          fmt::format("--pairs: {} needs one '*', as in '*-cuda:*-hip'", text));
    }
    before = text.substr(0, star);
    after = text.substr(star + 1);
  }
  bool matches(const std::string& name) const {
    return name.size() > before.size() + after.size() && name.starts_with(before) &&
           name.ends_with(after);
  }
  std::string stem(const std::string& name) const {
    return name.substr(before.size(), name.size() - before.size() - after.size());
  }
};

struct CorpusRun {
  std::shared_ptr<CodeOptions> code;
  std::string folder;
  std::string pairs = "*-cuda:*-hip";
  std::string out;
  bool json = false;
  bool csv = false;
  bool rows = false;
};

int run_corpus(const CorpusRun& run) {
  std::vector<std::string> alone;
  const auto pairs = find_pairs(run.folder, run.pairs, alone);
  if (pairs.empty()) {
    say("moat port corpus: no two entries of {} match --pairs '{}'\n", run.folder, run.pairs);
    return 3;
  }
  SteadyClock clock;
  Progress progress(clock, {.seldom = true});
  DiffOptions options;
  options.from = run.code->from;
  options.to = run.code->to;
  options.table = run.code->table();
  options.threads = run.code->thread_count();
  options.progress = [&](std::size_t done, std::size_t all) {
    progress.step(done, all, "comparing programs");
  };
  Json corpus = corpus_json(pairs, run.code->filter(), options);
  corpus["corpus"] = to_utf8(run.folder);
  corpus["generated"] = generator_of(run.folder);
  corpus["pairs"] = run.pairs;
  Json& unpaired = corpus["without_partner"] = Json::array();
  for (const std::string& name : alone) unpaired.push_back(to_utf8(name));
  put_output(run.out, run.json  ? dump_strict(corpus)
                      : run.csv ? corpus_csv(corpus)
                                : corpus_text(corpus, run.rows));
  return 0;
}

std::string interval_text(const Json& interval) {
  if (interval.is_null()) return "n too small";
  return fmt::format("{:.1f} – {:.1f} %", 100 * interval[0].get<double>(),
                     100 * interval[1].get<double>());
}

}  // namespace

std::vector<ProgramPair> find_pairs(const fs::path& folder, const std::string& pairs,
                                    std::vector<std::string>& alone) {
  const std::size_t colon = pairs.find(':');
  if (colon == std::string::npos) {
    throw std::invalid_argument(fmt::format("--pairs: {} is not BASE:PORT", pairs));
  }
  const Glob base(pairs.substr(0, colon));
  const Glob port(pairs.substr(colon + 1));
  if (!fs::is_directory(folder)) {
    throw std::invalid_argument(fmt::format("{} is not a folder", folder.string()));
  }
  std::map<std::string, ProgramPair> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (base.matches(name)) found[base.stem(name)].base = entry.path();
    if (port.matches(name)) found[port.stem(name)].port = entry.path();
  }
  std::vector<ProgramPair> list;
  for (auto& [name, pair] : found) {
    if (pair.base.empty() || pair.port.empty()) {
      alone.push_back((pair.base.empty() ? pair.port : pair.base).filename().string());
    } else {
      list.push_back({.name = name, .base = pair.base, .port = pair.port});
    }
  }
  return list;
}

Json generator_of(const fs::path& folder) {
  const fs::path marker = folder / kGeneratedMarker;
  if (!fs::exists(marker)) return nullptr;
  return read_json_file(marker).at("generator");
}

Json corpus_json(const std::vector<ProgramPair>& pairs, const FileFilter& filter,
                 const DiffOptions& options) {
  std::vector<TreeDiff> diffs(pairs.size());
  std::atomic<std::size_t> done{0};
  parallel_for(pairs.size(), options.threads, [&](std::size_t i) {
    DiffOptions one = options;
    one.threads = 1;
    one.progress = nullptr;
    diffs[i] =
        diff_trees(folder_tree(pairs[i].base, filter), folder_tree(pairs[i].port, filter), one);
    // The rows need sums alone.
    diffs[i].unlisted.clear();
    diffs[i].pairs.shrink_to_fit();
    const std::size_t now = ++done;
    if (options.progress) options.progress(now, pairs.size());
  });

  Json rows = Json::array();
  TreeDiff sum;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const TreeDiff& d = diffs[i];
    sum.matched += d.matched;
    sum.whole += d.whole;
    rows.push_back({{"name", to_utf8(pairs[i].name)},
                    {"matched_files", d.pairs.size()},
                    {"edited_files", d.edited_files()},
                    {"dropped_files", d.dropped.size()},
                    {"new_files", d.added.size()},
                    {"skipped_files", d.skipped.size()},
                    {"counts", counts_json(d.matched)},
                    {"whole", counts_json(d.whole)},
                    {"classes", classes_json(d.whole)},
                    {"shares", shares_json(d)},
                    {"warnings", d.warnings}});
  }
  const Json pooled = shares_json(sum);
  Json distributions = Json::object();
  for (const PortMetric& metric : port_metrics()) {
    std::vector<double> values;
    std::vector<PooledPart> parts;
    for (const TreeDiff& d : diffs) {
      const Share share = metric.of(d);
      if (!share.defined()) continue;
      values.push_back(share.value());
      parts.push_back({.numerator = static_cast<double>(share.numerator),
                       .denominator = static_cast<double>(share.denominator)});
    }
    const std::string name(metric.name);
    distributions[name] = distribution_json(values);
    distributions[name]["undefined"] = diffs.size() - values.size();
    distributions[name]["pooled"] = pooled.at(name);
    distributions[name]["pooled_interval"] = interval_json(pooled_interval(parts));
  }
  return {{"schema", "moat-port-corpus"},
          {"version", 1},
          {"from", options.from},
          {"to", options.to},
          {"renames",
           {{"table", options.table.name()},
            {"version", options.table.version()},
            {"names", options.table.size()}}},
          {"programs", pairs.size()},
          {"matched", counts_json(sum.matched)},
          {"whole", counts_json(sum.whole)},
          {"classes", classes_json(sum.whole)},
          {"distributions", distributions},
          {"rows", rows},
          {"generated", nullptr}};
}

std::string corpus_csv(const Json& corpus) {
  std::string text = "name,base_sloc,port_sloc,removed,added,max_side,token_edits,mechanical";
  for (const PortMetric& m : port_metrics())
    fmt::format_to(std::back_inserter(text), ",{}", m.name);
  text += '\n';
  for (const Json& row : corpus.at("rows")) {
    text += csv_field(row.at("name").get<std::string>());
    for (const char* key :
         {"base_sloc", "port_sloc", "removed", "added", "max_side", "token_edits", "mechanical"}) {
      text += ',';
      text += row.at("counts").at(key).dump();
    }
    for (const PortMetric& m : port_metrics()) {
      const Json& value = row.at("shares").at(std::string(m.name)).at("value");
      text += ',';
      if (!value.is_null()) text += value.dump();
    }
    text += '\n';
  }
  return text;
}

std::string corpus_text(const Json& corpus, bool rows) {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto share = [](const Json& s) {
    return percent(
        {s.at("numerator").get<std::int64_t>(), s.at("denominator").get<std::int64_t>()});
  };
  if (rows) {
    fmt::format_to(out, "{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}  program\n", "removed", "added", "of",
                   "changed", "by hand", "mechanical");
    for (const Json& row : corpus.at("rows")) {
      const Json& c = row.at("counts");
      const Json& s = row.at("shares");
      fmt::format_to(out, "{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}  {}{}\n", c.at("removed").dump(),
                     c.at("added").dump(), c.at("base_sloc").dump(), share(s.at("changed")),
                     share(s.at("by_hand")), share(s.at("mechanical")),
                     row.at("name").get<std::string>(),
                     row.at("warnings").empty() ? "" : "  (warning: see --json)");
    }
    text += '\n';
  }
  fmt::format_to(out, "{} ports from {} to {}, {} lines of base code; renames {} {}\n\n",
                 corpus.at("programs").dump(), corpus.at("from").get<std::string>(),
                 corpus.at("to").get<std::string>(), corpus.at("whole").at("base_sloc").dump(),
                 corpus.at("renames").at("table").get<std::string>(),
                 corpus.at("renames").at("version").get<std::string>());
  if (const Json& by = corpus.at("generated"); !by.is_null()) {
    fmt::format_to(out, "generated by {}: says nothing about real ports\n\n",
                   by.get<std::string>());
  }
  fmt::format_to(out, "{:<20}{:>5}{:>9}  {:<17}{:>9}{:>9}{:>9}{:>9}{:>9}\n", "", "n", "median",
                 "95 % interval", "p10", "p90", "pooled", "> 30 %", "> 80 %");
  const auto value = [](const Json& v) { return fmt::format("{:.1f} %", 100 * v.get<double>()); };
  for (const auto& [name, d] : corpus.at("distributions").items()) {
    if (d.at("n") == 0) continue;
    fmt::format_to(out, "{:<20}{:>5}{:>9}  {:<17}{:>9}{:>9}{:>9}{:>9}{:>9}\n", name,
                   d.at("n").dump(), value(d.at("median")), interval_text(d.at("median_interval")),
                   value(d.at("p10")), value(d.at("p90")), share(d.at("pooled")),
                   value(d.at("above_0.3").at("share")), value(d.at("above_0.8").at("share")));
  }
  const Json& changed = corpus.at("distributions").at("changed");
  if (changed.at("n") == 0) return text;
  for (const char* key : {"above_0.3", "above_0.8"}) {
    fmt::format_to(out,
                   "\nports that change more than {} of their lines: {} of {}, 95 % interval {}",
                   key + 6, changed.at(key).at("count").dump(), changed.at(key).at("of").dump(),
                   interval_text(changed.at(key).at("interval")));
  }
  fmt::format_to(out, "\n\nports by the share of base lines changed\n");
  const auto counts = changed.at("histogram").at("counts").get<std::vector<int>>();
  const int most = *std::ranges::max_element(counts);
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    fmt::format_to(out, "{:>3} – {:>3} %{:>6}  {}\n", i * 5, i * 5 + 5, counts[i],
                   std::string(static_cast<std::size_t>(counts[i] * 50 / std::max(most, 1)), '#'));
  }
  return text;
}

void add_corpus_command(CLI::App& port, int& exit_code) {
  auto run = std::make_shared<CorpusRun>();
  auto* command = port.add_subcommand("corpus", "diff over hundreds of pairs, their distribution");
  command->add_option("DIR", run->folder, "Folder that holds the programs")->required();
  command->add_option("--pairs", run->pairs, "Names of a base and of its port")
      ->type_name("BASE:PORT")
      ->capture_default_str();
  run->code = add_code_options(*command, true);
  auto* form = command->add_option_group("form");
  form->add_flag("--json", run->json, "Print JSON (schema moat-port-corpus)");
  form->add_flag("--csv", run->csv, "Print one row per program");
  form->add_flag("--rows", run->rows, "Print the rows before the distribution");
  form->require_option(0, 1);
  command->add_option("--out", run->out, "Write to FILE instead of standard output")
      ->type_name("FILE");
  command->footer(R"(
Shares and classes are those of moat port diff. Intervals are exact: order statistics for the
median, Clopper and Pearson for the share of ports over 30 % and 80 %. pooled: all lines together, which
large programs rule; its interval (--json) is a bootstrap over the ports.

Examples:
  moat port corpus HeCBench/src --pairs '*-cuda:*-hip'
  moat port corpus src --pairs '*-cuda:*-sycl' --to sycl --csv --out rows.csv
  moat port corpus src --json --out corpus.json && moat port claims claims.json --evidence corpus.json

exit codes: 0 done, 2 bad usage, 3 no pair found, 4 output could not be written, 5 reading failed
)");
  command->callback(
      [run, &exit_code] { exit_code = guarded_run("corpus", [&] { return run_corpus(*run); }); });
}

}  // namespace moat
