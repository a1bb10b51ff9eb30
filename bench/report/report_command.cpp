// SPDX-License-Identifier: Apache-2.0
#include "bench/report/report_command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/port/baseline.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/report/data.hpp"
#include "bench/report/page.hpp"
#include "bench/report/publish.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/software/document.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/progress.hpp"

namespace moat {
namespace {

constexpr const char* kFooter =
    R"(The file opens from disk, without a network. Records of several devices are compared with
--baseline; several records of one device give its history.

examples:
  moat report results -o report.html                    all records under results/
  moat report one.json other.json --baseline cpu        two devices
  moat report results --csv p3.csv                      for the P3 analysis library, whose pp(),
                                                        cascade() and navchart() take one problem:
                                                        df[df["problem"] == "gemm/f32/m64n64k64"]
  moat report results --software software.json          with what moat software --json wrote

A path to write may be a device, a FIFO, a link, which stays, or - for standard output.

Of one record:
  moat report --table RECORD                            the table that moat run printed
  moat report --svg RECORD -o speed.svg                 a picture: ours beside the libraries
  moat report --readme README.md RECORD                 the marked parts of a document, and speed.svg
                                                        beside the record; refused for a dirty tree,
                                                        a build that is not optimised, an incomplete
                                                        or disturbed run, too few samples or cases
                                                        or too wide a spread

exit codes: 0 written, 1 --readme: refused, or --check: it differs, 2 bad option, 4 a file could not
            be written, 5 a record cannot be read
)";

struct Options {
  std::vector<std::filesystem::path> records;
  std::filesystem::path out = "report.html";
  std::filesystem::path csv;
  std::string baseline;
  std::vector<std::filesystem::path> software;
  PublishOptions publish;
};

// An option that does nothing here is a mistake of whoever gave it.
void refuse_unused(const PublishOptions& publish, const CLI::Option& out,
                   const std::vector<const CLI::Option*>& of_the_page) {
  if (publish.table + publish.svg + publish.readme.has_value() > 1) {
    throw UsageError("--table, --svg and --readme are three questions: ask one at a time");
  }
  for (const CLI::Option* option : of_the_page) {
    if (option->count() > 0) {
      throw UsageError(
          fmt::format("{} belongs to the HTML report: leave it out with --table, "
                      "--svg and --readme",
                      option->get_name()));
    }
  }
  if (out.count() > 0 && !publish.svg) {
    throw UsageError(
        "--out belongs to the HTML report and to --svg: leave it out with --table and "
        "--readme");
  }
}

// The rows of documents of moat software. Throws RecordError, which names the file.
Json read_software(const std::vector<std::filesystem::path>& files) {
  Json rows = Json::array();
  for (const auto& file : files) {
    try {
      for (Json& row : software_rows(read_software_document("--software", file))) {
        rows.push_back(std::move(row));
      }
    } catch (const nlohmann::json::exception& e) {
      throw RecordError(fmt::format("--software {}: {}", file.string(), e.what()));
    } catch (const std::runtime_error& e) {
      throw RecordError(e.what());
    }
  }
  return rows;
}

int run(const Options& options) {
  SteadyClock clock;
  Progress progress(clock);
  std::vector<std::filesystem::path> outputs = {options.out};
  if (!options.csv.empty()) outputs.push_back(options.csv);
  if (outputs.size() == 2 && same_output(options.out, options.csv)) {
    throw UsageError(fmt::format("--out and --csv are both {}: give each a file of its own",
                                 options.out.string()));
  }
  for (const auto& path : outputs) {
    require_no_input(path, options.records);
    require_no_input(path, options.software);
    require_writable(path);
  }
  const auto records = read_records(options.records, [&](std::size_t i, std::size_t count) {
    if (count >= 5) progress.step(i + 1, count + 1, fmt::format("reading record {}", i + 1));
  });
  const std::size_t last = records.size() + 1;
  if (last > 5) progress.step(last, last, "computing the report");
  Json data = report_data(records, options.baseline);
  data["software"] = read_software(options.software);
  const std::string page = report_page(data);
  progress.clear();
  write_file(options.out, page);
  if (!options.csv.empty()) write_file(options.csv, report_csv(records));
  if (!has_charts()) {
    say("moat: this build has no charts, because npm was missing; the report has tables\n");
  }
  say("report: {}\n", options.out.string());
  return kCompareOk;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("report", "records in, one self-contained HTML file out");
  command->footer(kFooter);
  command->add_option("RECORD", options->records, "records, or folders of them")
      ->type_name("")
      ->required();
  CLI::Option* const out =
      command->add_option("-o,--out", options->out, "the HTML file, or --svg's")
          ->type_name("FILE")
          ->capture_default_str();
  CLI::Option* const csv =
      command->add_option("--csv", options->csv, "also a table for the P3 analysis library")
          ->type_name("FILE");
  CLI::Option* const baseline =
      command
          ->add_option("--baseline", options->baseline,
                       fmt::format("device that speeds relate to: a backend or a part of a name\n"
                                   "(default: {}, as for ports, else the first)",
                                   kBaseline))
          ->type_name("NAME");
  CLI::Option* const software =
      command
          ->add_option("--software", options->software,
                       "what moat software --json wrote, for a section of its own")
          ->type_name("FILE");
  PublishOptions& publishing = options->publish;
  command->add_flag("--table", publishing.table, "print the table of one record");
  command->add_flag("--svg", publishing.svg, "draw one record; to standard output without --out");
  auto* readme =
      command->add_option("--readme", publishing.readme, "write the generated parts of a document")
          ->type_name("FILE")
          ->check(CLI::ExistingFile);
  command->add_flag("--check", publishing.check, "only compare them: exit 1 if they differ")
      ->needs(readme);
  command
      ->add_option("--max-spread", publishing.max_spread,
                   "widest spread that --readme publishes, in percent")
      ->capture_default_str()
      ->check(number_check(0.0, 1000.0))
      ->needs(readme);
  command->callback([options, out, csv, baseline, software, &exit_code] {
    try {
      if (!options->publish.wanted()) {
        exit_code = run(*options);
        return;
      }
      refuse_unused(options->publish, *out, {csv, baseline, software});
      if (options->records.size() != 1 || std::filesystem::is_directory(options->records.front())) {
        throw UsageError("--table, --svg and --readme take one record");
      }
      options->publish.record = options->records.front();
      if (out->count() > 0) options->publish.out = options->out;
      exit_code = publish(options->publish);
    } catch (const RecordError& e) {
      say("moat: {}\n", e.what());
      exit_code = kCompareUnreadable;
    }
  });
}

}  // namespace moat
