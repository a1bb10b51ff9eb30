// SPDX-License-Identifier: Apache-2.0
#include "bench/report/publish.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/compare/record_set.hpp"
#include "bench/port/record.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/report/figure.hpp"
#include "bench/report/readme.hpp"
#include "bench/run/table.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file and what should be in it.
struct Wanted {
  fs::path path;
  std::string text;
};

// The document's parts and the picture beside the record.
std::vector<Wanted> publication(const Record& record, const PublishOptions& options) {
  const fs::path folder = fs::absolute(*options.readme).parent_path();
  const auto relative = [&](const fs::path& path) {
    return fs::weakly_canonical(path).lexically_relative(fs::weakly_canonical(folder));
  };
  const fs::path figure = options.record.parent_path() / "speed.svg";
  const fs::path counts = folder / "results" / "porting" / "porting.json";
  const Json porting = read_json_file(counts);
  try {
    from_json(porting);  // throws if it is of another version
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(fmt::format("{}: {}", counts.string(), e.what()));
  }
  const std::string text = text_of(*options.readme);
  if (text.empty()) {
    throw std::runtime_error(fmt::format("{}: cannot be read", options.readme->string()));
  }
  try {
    return {{figure, speed_figure(record)},
            {*options.readme, with_parts(text, readme_parts(record, relative(options.record),
                                                            relative(figure), porting))}};
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(fmt::format("{}: {}", options.readme->string(), e.what()));
  }
}

int check(const std::vector<Wanted>& files, const PublishOptions& options) {
  int stale = 0;
  for (const Wanted& file : files) {
    if (text_of(file.path) == file.text) continue;
    ++stale;
    say("moat: {} is not what {} gives; moat report --readme {} {} writes it\n", file.path.string(),
        options.record.string(), options.readme->string(), options.record.string());
  }
  if (stale > 0) return 1;
  print_out(
      fmt::format("{} is what {} gives\n", options.readme->string(), options.record.string()));
  return 0;
}

int write(const Record& record, const PublishOptions& options) {
  const auto reasons = unfit_to_publish(record, options.max_spread / 100);
  if (!reasons.empty()) {
    say("moat: {} should not be published; nothing was written:\n", options.record.string());
    for (const std::string& reason : reasons) say("  {}\n", reason);
    say("Commit first and measure on an idle machine (scripts/readme.sh does all of it), or "
        "allow more with --max-spread.\n");
    return 1;
  }
  for (const Wanted& file : publication(record, options)) write_file(file.path, file.text);
  return 0;
}

}  // namespace

int publish(const PublishOptions& options) {
  const Record record = read_records({options.record}).front().record;
  if (options.table) print_out(format_record(record, TableFormat::table, color_wanted()));
  if (options.svg) {
    const std::string svg = speed_figure(record);
    if (options.out) {
      require_no_input(*options.out, {options.record});
      require_writable(*options.out);
      write_file(*options.out, svg);
    } else {
      print_out(svg);
    }
  }
  if (!options.readme) return 0;
  return options.check ? check(publication(record, options), options) : write(record, options);
}

}  // namespace moat
