// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/record_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <system_error>
#include <tuple>

#include "bench/compare/shares.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    const int error = errno != 0 ? errno : EIO;
    throw RecordError(fmt::format("{}: cannot be read: {}", path.string(),
                                  std::generic_category().message(error)));
  }
  return text;
}

// A folder holds other JSON too, such as the porting record. The schema's name stands at the top.
bool looks_like_record(const std::string& text) {
  return text.substr(0, 4096).find(kRecordSchema) != std::string::npos &&
         text.substr(0, 4096).find("\"$schema\"") == std::string::npos;
}

// Another document that moat writes, such as the porting record.
bool looks_like_other_document(const std::string& text) {
  return text.substr(0, 4096).find("\"schema\": \"moat-") != std::string::npos;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<NamedRecord> read_records(
    const std::vector<fs::path>& paths,
    const std::function<void(std::size_t, std::size_t)>& on_file) {
  std::vector<std::pair<fs::path, bool>> files;  // and whether it was found in a folder
  try {
    for (const auto& path : paths) {
      if (!fs::is_directory(path)) {
        files.emplace_back(path, false);
        continue;
      }
      for (auto& file : files_in(path)) files.emplace_back(std::move(file), true);
    }
  } catch (const fs::filesystem_error& e) {
    throw RecordError(
        fmt::format("{}: cannot be read: {}", e.path1().string(), e.code().message()));
  }

  std::vector<NamedRecord> records;
  std::set<fs::path> seen;
  std::set<std::size_t> contents;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [path, found] = files[i];
    on_file(i, files.size());
    const std::string text = read_text(path);
    if (!looks_like_record(text)) {
      if (found) continue;
      // A pattern such as results/*/*.json names it too.
      if (looks_like_other_document(text)) {
        say("moat: {}: left out, because it is another document of moat, no record\n",
            path.string());
        continue;
      }
    }
    if (!seen.insert(fs::weakly_canonical(path)).second) continue;
    // A copy is no second run.
    if (!contents.insert(std::hash<std::string>()(text)).second) continue;
    try {
      records.push_back({path.string(), parse_record(text)});
      recompute_shares(records.back().record);
    } catch (const JsonError& e) {
      throw RecordError(fmt::format("{}: {}", path.string(), e.what()));
    }
  }
  if (records.empty()) {
    std::string names;
    for (const auto& path : paths) names += (names.empty() ? "" : ", ") + path.string();
    throw RecordError(fmt::format("{}: no record there; moat run writes them", names));
  }
  std::ranges::stable_sort(
      records, {}, [](const NamedRecord& r) { return std::tie(r.record.run.started, r.path); });
  return records;
}

void require_no_input(const fs::path& out, const std::vector<fs::path>& paths) {
  for (const auto& path : paths) {
    if (fs::is_regular_file(path) && same_output(out, path)) {
      throw UsageError(
          fmt::format("{} is one of the records: write to another file", out.string()));
    }
  }
}

}  // namespace moat
